"""The simulated X, with the real SDKs."""
