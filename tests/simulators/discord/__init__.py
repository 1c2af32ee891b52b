"""The Discord simulator, held to the real SDKs and to Discord's own schema."""
