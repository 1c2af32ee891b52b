"""The X API v2 as a local server, for tests, for load and for showing: `TwitterSimulator`."""

from simulators.driving import SimulatorError
from simulators.twitter.billing import Item, Usage
from simulators.twitter.faults import FaultKind
from simulators.twitter.journal import Call, Sent
from simulators.twitter.server import TwitterSimulator
from simulators.twitter.world import User

__all__ = ["Call", "FaultKind", "Item", "Sent", "SimulatorError", "TwitterSimulator", "Usage", "User"]
