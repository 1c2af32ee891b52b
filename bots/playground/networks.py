"""The simulated networks from the outside: what they show, and acting on them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from bots.playground.folder import PlaygroundError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = aiohttp.ClientTimeout(total=10.0)
_QUICK = aiohttp.ClientTimeout(total=1.0)  # a bot that hangs is not to stop the page
_FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
_GONE = "The simulated networks do not answer. Stop the playground and start it again."


class Networks:
    """Speaks to ``python -m simulators``. Close it."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._http = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT)

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    async def views(self) -> list[dict[str, Any]]:
        """Every network as it is now (`simulators.scene.View` as JSON). Raises `PlaygroundError`."""
        try:
            async with self._http.get(f"{self._url}/scenes") as answer:
                views: list[dict[str, Any]] = (await answer.json())["scenes"]
                return views
        except (*_FAILURES, KeyError) as error:
            raise PlaygroundError(_GONE) from error

    async def sent(self, network: str) -> list[dict[str, Any]]:
        """Everything the bot posted there (`simulators.scene.Sent` as JSON), in order. Raises `PlaygroundError`."""
        try:
            async with self._http.get(f"{self._url}/sent/{network}") as answer:
                sent: list[dict[str, Any]] = (await answer.json())["sent"]
                return sent
        except (*_FAILURES, KeyError) as error:
            raise PlaygroundError(_GONE) from error

    async def act(self, network: str, act: str, arguments: Mapping[str, Any]) -> str:
        """Do what a person does there; gives the id of the post that came of it. Raises `PlaygroundError`."""
        try:
            url = f"{self._url}/scenes/{network}/{act}"
            async with self._http.post(url, json=dict(arguments)) as answer:
                said: dict[str, Any] = await answer.json(content_type=None)
                if answer.status == HTTPStatus.OK:
                    return str(said.get("post", ""))
        except _FAILURES as error:
            raise PlaygroundError(_GONE) from error
        raise PlaygroundError(str(said.get("error", _GONE)))

    async def channels(self, chat_url: str) -> dict[str, str]:
        """How the bot says its channels are: "on", "refused", or not there yet; empty where it does not answer."""
        try:
            async with self._http.get(f"{chat_url}healthz", headers={"Authorization": ""}, timeout=_QUICK) as answer:
                channels: dict[str, str] = (await answer.json())["channels"]
                return channels
        except (*_FAILURES, KeyError):
            return {}
