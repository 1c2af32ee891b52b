"""What every channel promises that hands over files (`HasFiles`). Each runs these tests unchanged."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

from adapters.base import Attachment, Busy, HasFiles, NotFetched, Unreachable

_MAX_BYTES = 1_000_000


class Simulator(Protocol):
    """A network whose files can be broken."""

    @property
    def url(self) -> str:
        """Where it serves."""

    def break_files(self, kind: str, *, times: int = 1, location: str = "") -> None:
        """Let the next files fail to come."""

    def file_requests(self) -> list[str]:
        """The paths under which files were asked for."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A started channel with `file_timeout_s` 1, and a file that somebody sent there; `another` network of its kind."""

    adapter: HasFiles
    sim: Simulator
    attachment: Attachment
    content: bytes
    another: AbstractAsyncContextManager[Simulator]


class FilesContract:
    async def test_a_file_comes_as_it_was_sent(self, bench: Bench) -> None:
        assert await bench.adapter.fetch(bench.attachment, max_bytes=len(bench.content)) == bench.content

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("packed", NotFetched),
            ("endless", NotFetched),
            ("broken", Unreachable),
            ("busy", Busy),
            ("cut", Unreachable),
            ("slow", Unreachable),
        ],
    )
    async def test_what_goes_wrong_may_go_well_later(self, bench: Bench, fault: str, error: type[Exception]) -> None:
        bench.sim.break_files(fault)
        with pytest.raises(error):
            await bench.adapter.fetch(bench.attachment, max_bytes=_MAX_BYTES)
        assert await bench.adapter.fetch(bench.attachment, max_bytes=_MAX_BYTES) == bench.content

    async def test_what_is_gone_is_not_asked_for_for_ever(self, bench: Bench) -> None:
        bench.sim.break_files("gone", times=9)
        with pytest.raises(NotFetched):
            await bench.adapter.fetch(bench.attachment, max_bytes=_MAX_BYTES)
        assert len(bench.sim.file_requests()) <= 2

    async def test_what_is_too_large_is_left(self, bench: Bench) -> None:
        for said in (len(bench.content), 1, None):
            with pytest.raises(NotFetched, match="larger than 100 bytes"):
                await bench.adapter.fetch(replace(bench.attachment, size_bytes=said), max_bytes=100)

    async def test_no_redirect_is_followed(self, bench: Bench) -> None:
        async with bench.another as elsewhere:
            for location in (f"{elsewhere.url}/media/a.png", "/media/a.png"):
                bench.sim.break_files("moved", location=location)
                with pytest.raises(NotFetched, match="elsewhere"):
                    await bench.adapter.fetch(bench.attachment, max_bytes=_MAX_BYTES)
            assert elsewhere.file_requests() == []
        assert len(bench.sim.file_requests()) == 2

    async def test_nobody_else_is_asked(self, bench: Bench) -> None:
        """Whatever stands where the address of a file should, however this computer is written."""
        path = bench.attachment.reference.removeprefix(bench.sim.url)
        port = bench.sim.url.rpartition(":")[2]
        async with bench.another as elsewhere:
            for address in (
                elsewhere.url,
                elsewhere.url.replace("://", f"://127.0.0.1:{port}@"),
                f"http://user:pass@127.0.0.1:{port}",
                f"http://[::1]:{port}",
                f"http://2130706433:{port}",
                f"http://localhost:{port}",
                f"https://127.0.0.1:{port}",
                "file://",
                "//127.0.0.1",
            ):
                with pytest.raises(NotFetched):
                    await bench.adapter.fetch(replace(bench.attachment, reference=address + path), max_bytes=_MAX_BYTES)
            assert elsewhere.file_requests() == []
        assert bench.sim.file_requests() == []
