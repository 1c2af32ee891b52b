"""The live chat: a widget for any site and a page of its own, over a WebSocket.

Start with `adapter`, which serves the page, takes what visitors say and shows them the replies, and with `frames`,
which says what goes over the socket (pure). `connections` holds the open sockets and how much each visitor may do;
``static/`` is what the browser runs.
"""

from adapters.webchat.adapter import PROFILE, Settings, WebchatAdapter, create

__all__ = ["PROFILE", "Settings", "WebchatAdapter", "create"]
