"""A Freshdesk account as a local server: API v2, the limit of calls, and automation webhooks.

``python -m simulators.freshdesk --port N`` prints one line of JSON (`url`, `key`, `agent_key`) and serves until it is
told to stop. In a test: ``async with FreshdeskSimulator() as sim``.

What it takes, refuses and gives back follows Freshdesk's documentation, the sample data of python-freshdesk and the
schemas of Airbyte's connector; field sets are held to the latter two by tests.
"""

from simulators.freshdesk.markup import cleaned
from simulators.freshdesk.server import FreshdeskSimulator
from simulators.freshdesk.webhook import Webhook

__all__ = ["FreshdeskSimulator", "Webhook", "cleaned"]
