"""For all tests of the Reddit adapter."""

from __future__ import annotations

import pytest
from prawcore.sessions import FiniteRetryStrategy


@pytest.fixture(autouse=True)
def _prawcore_does_not_dawdle(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refused token prawcore sleeps for up to 2 s, at random; how often it asks again stays as it is."""
    monkeypatch.setattr(FiniteRetryStrategy, "sleep", lambda _self: None)
