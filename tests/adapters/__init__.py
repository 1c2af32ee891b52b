"""The channels, each over a real socket."""
