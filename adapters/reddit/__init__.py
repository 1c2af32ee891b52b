"""Reddit, through PRAW.

Start with `polling`, which finds what is new, with `messages` and `modmail`, which say what a comment, a submission or
a letter to the moderators means (pure: no network, no clock), and with `sending`. Around them: `things` reads Reddit's
objects, `reading` asks for them and `memory` knows which were dealt with, across restarts; `places` is what is known
of subreddits and `threads` of their comments; `text` reads and writes Reddit's Markdown; `wire` is PRAW in a thread of
its own, that writes nothing twice; `check` speaks to the operator; `adapter` holds them together.
"""

from adapters.reddit.adapter import RedditAdapter, create
from adapters.reddit.check import PROFILE
from adapters.reddit.settings import Settings

__all__ = ["PROFILE", "RedditAdapter", "Settings", "create"]
