"""The Telegram Bot API as a local server, for tests, for load and for showing: `TelegramSimulator`."""

from simulators.driving import SimulatorError
from simulators.telegram.faults import FaultKind
from simulators.telegram.journal import Call, SentMessage
from simulators.telegram.people import Attachment
from simulators.telegram.server import TelegramSimulator
from simulators.telegram.world import Chat, User

__all__ = ["Attachment", "Call", "Chat", "FaultKind", "SentMessage", "SimulatorError", "TelegramSimulator", "User"]
