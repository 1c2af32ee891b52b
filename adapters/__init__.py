"""One module or package a channel, behind the port in `adapters.base`."""
