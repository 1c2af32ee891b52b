"""Discord, through discord.py.

Start with `adapter`, which keeps the connection up, and `intake`, which hands on what comes over it; with `messages`
and `interactions`, which say what a payload means (pure: no network, no clock); and with `sending`, which posts.
Around them: `text` reads and writes Discord's markdown; `places` is what is known of channels and outlives a restart;
`lookups` asks what a payload does not say; `catching_up` fetches what was said while the bot was away; `wire` is the
SDK's client with its addresses and errors; `check` speaks to the operator.
"""

from adapters.discord.adapter import DiscordAdapter, create
from adapters.discord.check import PROFILE
from adapters.discord.settings import Settings

__all__ = ["PROFILE", "DiscordAdapter", "Settings", "create"]
