"""Webhooks: signed calls to a URL when a ticket changes."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import uuid
from datetime import datetime

import aiohttp
from aiohttp import web

from simulators.zendesk.account import Account
from simulators.zendesk.objects import public
from simulators.zendesk.wire import Call, Json, Refused, iso


def signed(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a webhook's call."""
    stamp = iso(at)
    digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }


def signing(secret: str) -> Json:
    """The secret as the API shows it."""
    return {"algorithm": "SHA256", "secret": secret}


class Webhooks(Account):
    """An account that calls others."""

    async def _create_webhook(self, call: Call) -> web.Response:
        given = call.body("webhook")
        if missing := [n for n in ("name", "endpoint", "http_method", "request_format", "status") if not given.get(n)]:
            raise Refused(400, "BadRequest", errors=[{"code": "InvalidValue", "title": f"{missing[0]} is required"}])
        number, now = uuid.uuid4().hex.upper()[:26], self._stamp()
        secret = base64.b64encode(secrets.token_bytes(30)).decode()
        hook = {**given, "id": number, "created_at": now, "created_by": str(call.user["id"]), "updated_at": now}
        hook |= {"updated_by": str(call.user["id"]), "_secret": secret}
        self.webhooks[number] = hook
        return call.answer({"webhook": public(hook) | {"signing_secret": signing(secret)}}, 201)

    async def _list_webhooks(self, call: Call) -> web.Response:
        data = {"webhooks": [public(hook) for hook in self.webhooks.values()], "links": {"next": None, "prev": None}}
        return call.answer(data | {"meta": {"has_more": False, "after_cursor": "", "before_cursor": ""}})

    async def _signing_secret(self, call: Call, number: object) -> web.Response:
        if str(number) not in self.webhooks:
            raise Refused(404, "WebhookNotFound", "Not found")
        return call.answer({"signing_secret": signing(self.webhooks[str(number)]["_secret"])})

    def _call_webhooks(self, ticket: Json, comment: Json | None) -> None:
        kind = "zen:event-type:ticket." + ("comment_added" if comment else "status_changed")
        for hook in self.webhooks.values():
            wanted = hook.get("subscriptions") or []
            if "conditional_ticket_events" in wanted:  # the body is what the administrator wrote into the trigger
                body = json.dumps({"ticket_id": str(ticket["id"])})
            elif kind in wanted:
                body = json.dumps({"type": kind, "id": str(uuid.uuid4()), "time": self._stamp(), "account_id": 1,
                                   "zendesk_event_version": "2022-11-06", "subject": f"zen:ticket:{ticket['id']}",
                                   "detail": {"id": str(ticket["id"]), "status": ticket["status"].upper()},
                                   "event": {}})  # fmt: skip
            else:
                continue
            task = asyncio.ensure_future(self._deliver(hook, body.encode()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, hook: Json, body: bytes) -> None:
        headers = signed(hook["_secret"], body, self.now())
        headers |= {"X-Zendesk-Account-Id": "1", "X-Zendesk-Webhook-Id": hook["id"], "User-Agent": "Zendesk Webhook"}
        headers["X-Zendesk-Webhook-Invocation-Id"] = uuid.uuid4().hex.upper()[:26]
        if self._session is None:
            return
        try:
            async with self._session.post(hook["endpoint"], data=body, headers=headers) as answer:
                self.deliveries.append(answer.status)
        except aiohttp.ClientError:
            self.deliveries.append(0)

    async def delivered(self) -> None:
        """Wait until every webhook has been called."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
