"""A Zendesk account as a local server: the Support API v2 as far as a ticket bot and its agents use it, in memory.

After the vendor's reference and recorded exchanges. What is not like the real one: no e-mail is sent, there are no
roles of one's own making, and no trigger runs but the one behind a webhook.

``python -m simulators.zendesk --port N`` prints one line of JSON with its address and who may log in. In a test:
``async with ZendeskSimulator() as sim``.
"""

from simulators.zendesk.objects import ADMIN, AGENT, BOT
from simulators.zendesk.server import ZendeskSimulator
from simulators.zendesk.webhooks import signed

__all__ = ["ADMIN", "AGENT", "BOT", "ZendeskSimulator", "signed"]
