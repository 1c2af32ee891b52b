"""The playground: the real bot on simulated networks, with one page to play on. Nothing here reaches a real network."""

from bots.playground.folder import PlaygroundError
from bots.playground.play import Playground

__all__ = ["Playground", "PlaygroundError"]
