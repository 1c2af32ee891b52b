"""The command line `firstline`; `main` is the program."""

from bots.cli.program import main

__all__ = ["main"]
