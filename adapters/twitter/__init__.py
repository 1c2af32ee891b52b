"""X, through tweepy.

Start with `adapter`, which asks X for what is new and posts replies, and with `messages`, which says what a post or a
direct message means (pure: no network, no clock). Around them: `receiving` polls, and `stream` is its doorbell;
`targets` says where X can be answered, and by whom; `text` reads and writes the words; `wire` signs, sends and says
what came of it; `meter` counts what it costs and `purse` keeps to the budget; `memory` outlives a restart; `check`
speaks to the operator; `unread` reads direct messages page by page, `policy` ends the first of ours with a link.
In code the network keeps the name that its API, its hosts and its SDK have: twitter.
"""

from adapters.twitter.adapter import TwitterAdapter, create
from adapters.twitter.check import PROFILE
from adapters.twitter.settings import Settings

__all__ = ["PROFILE", "Settings", "TwitterAdapter", "create"]
