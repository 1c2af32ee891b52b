"""One file a channel, behind the port in `adapters.base`."""
