"""Reddit's API as a local server, for tests, for load and for showing: `RedditSimulator`."""

from simulators.driving import SimulatorError
from simulators.reddit.faults import FaultKind
from simulators.reddit.journal import Act, Call, Sent
from simulators.reddit.server import RedditSimulator

__all__ = ["Act", "Call", "FaultKind", "RedditSimulator", "Sent", "SimulatorError"]
