"""Settings, logging with redaction, the example configuration and the sample FAQ."""
