"""A disk that remembers each write and each sync in order, and what it would hold had the power been cut in between.

SQLite's file layer is recorded with APSW, which carries a SQLite of its own with that layer open. What is assumed of
the disk is what SQLite assumes: what was synced is there; of what was not, any sector may be there or not, whatever
came before or after it; bytes beside a write are left alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from random import Random

_SECTOR_BYTES = 512
_names = itertools.count(1)

Loss = Literal["dropped", "kept", "torn", "reordered"]
LOSSES: tuple[Loss, ...] = ("dropped", "kept", "torn", "reordered")


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes written to a file."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cutting:
    """A file made as long as `size`."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All that was written to a file is on the disk."""

    file: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A file deleted."""

    file: str


Event = Write | Cutting | Sync | Removal


class Disk:
    """What happens to the files of a folder, in order."""

    def __init__(self, folder: Path) -> None:
        self.before = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.events: list[Event] = []
        self.name = f"power{next(_names)}"
        self._layer = _Layer(self)

    def note(self, event: Event) -> None:
        """Something happens."""
        if not event.file.endswith("-shm"):  # lives in memory, and is made anew
            self.events.append(event)

    def found(self, cuts: Iterable[tuple[int, Loss]], chance: Random) -> Iterator[tuple[int, Mapping[str, bytes]]]:
        """What the files hold where the power is cut after so many events (ascending), for each cut.

        Of what was not synced then, nothing was lost ("kept"), everything, some sectors ("torn"), or some writes.
        """
        safe = {name: bytearray(data) for name, data in self.before.items()}
        loose: list[Event] = []
        done = 0
        for cut, loss in cuts:
            for event in self.events[done:cut]:
                if isinstance(event, Sync):
                    _apply(safe, [one for one in loose if one.file == event.file], _whole)
                    loose = [one for one in loose if one.file != event.file]
                else:
                    loose.append(event)
            done = cut
            found = {name: bytearray(data) for name, data in safe.items()}
            _apply(found, loose, _LOSSES[loss](chance))
            yield cut, {name: bytes(data) for name, data in found.items()}


def _apply(files: dict[str, bytearray], events: list[Event], kept: Callable[[Event], Iterator[Event]]) -> None:
    for event in itertools.chain.from_iterable(map(kept, events)):
        match event:
            case Write(name, offset, data):
                content = files.setdefault(name, bytearray())
                content.extend(bytes(max(0, offset - len(content))))
                content[offset : offset + len(data)] = data
            case Cutting(name, size):
                content = files.setdefault(name, bytearray())
                del content[size:]
                content.extend(bytes(size - len(content)))
            case Removal(name):
                files.pop(name, None)


def _whole(event: Event) -> Iterator[Event]:
    yield event


def _sectors(event: Write) -> Iterator[Write]:
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, (start // _SECTOR_BYTES + 1) * _SECTOR_BYTES)
        yield Write(event.file, start, event.data[start - event.offset : stop - event.offset])
        start = stop


def _dropped(_: Random) -> Callable[[Event], Iterator[Event]]:
    return lambda _: iter(())


def _kept(_: Random) -> Callable[[Event], Iterator[Event]]:
    return _whole


def _torn(chance: Random) -> Callable[[Event], Iterator[Event]]:
    def kept(event: Event) -> Iterator[Event]:
        parts = _sectors(event) if isinstance(event, Write) else (event,)
        return (part for part in parts if chance.random() < 0.5)

    return kept


def _reordered(chance: Random) -> Callable[[Event], Iterator[Event]]:
    return lambda event: iter((event,) if chance.random() < 0.5 else ())


_LOSSES: Mapping[Loss, Callable[[Random], Callable[[Event], Iterator[Event]]]] = {
    "dropped": _dropped,
    "kept": _kept,
    "torn": _torn,
    "reordered": _reordered,
}


class _Layer(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.name, base="")
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        if name is None:
            return super().xOpen(name, flags)
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        super().xDelete(filename, syncdir)
        self._disk.note(Removal(Path(filename).name))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = Path(name if isinstance(name, str) else name.filename()).name

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        self._disk.note(Write(self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.note(Cutting(self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._disk.note(Sync(self._name))
