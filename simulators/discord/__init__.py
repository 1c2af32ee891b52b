"""Discord as a local server (REST v10 and gateway), for tests, for load and for showing: `DiscordSimulator`."""

from simulators.discord.faults import FaultKind
from simulators.discord.journal import Call, Edit, Login, SentMessage
from simulators.discord.looking import Asked
from simulators.discord.mentions import Pings
from simulators.discord.permissions import Permission
from simulators.discord.server import DiscordSimulator
from simulators.discord.sessions import Close
from simulators.discord.world import Bot, Channel, Guild, Role, User
from simulators.driving import SimulatorError

__all__ = [
    "Asked",
    "Bot",
    "Call",
    "Channel",
    "Close",
    "DiscordSimulator",
    "Edit",
    "FaultKind",
    "Guild",
    "Login",
    "Permission",
    "Pings",
    "Role",
    "SentMessage",
    "SimulatorError",
    "User",
]
