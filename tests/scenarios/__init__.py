"""The whole bot against the simulators: what a person writes, what a person reads."""
