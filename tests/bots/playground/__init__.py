"""The playground, over its real processes."""
