"""The command line `firstline`."""
