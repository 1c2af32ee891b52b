"""One playground with all networks for the tests that leave it as usable as they found it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.bots.playground.page_stage import NETWORKS, SAMPLE_FAQ, commands_are_there
from tests.bots.playground.stage import playground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from tests.bots.playground.stage import Player


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Player]:
    """It runs from the first test that asks for it to the last one of all.

    Others have played on it before and in any order: look for your own words, and count neither posts nor tickets.
    """
    folder = tmp_path_factory.mktemp("shared") / "play"
    async with playground(folder, "--faq", str(SAMPLE_FAQ), only=",".join(NETWORKS)) as player:
        await commands_are_there(player)
        yield player
