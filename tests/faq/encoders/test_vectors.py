"""Vectors on disk: the same as fresh ones, one edit costs one text, and no file or disk stops a start."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

import faq.encoders.vectors
from faq.encoders import load
from faq.encoders.vectors import VectorCache

from .fresh_process import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from faq.encoders import Encoder

TEXTS = ["Where is my parcel?", "How do I reset my password?", "Ik wil mijn geld terug", "\ud800", ""]


class Counting:
    """The default encoder, and what it was asked for."""

    def __init__(self, name: str | None = None) -> None:
        self._encoder: Encoder = load("default")[0]
        self.name = name or self._encoder.name
        self.dimensions = self._encoder.dimensions
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return self._encoder.encode(texts)


@pytest.fixture
def encoder() -> Counting:
    return Counting()


def test_a_warm_cache_gives_what_a_cold_one_gave(tmp_path: Path, encoder: Counting) -> None:
    fresh = encoder.encode(TEXTS)
    encoder.asked.clear()
    cold = VectorCache(tmp_path / "new" / "folder").encode(encoder, TEXTS)
    assert sorted(encoder.asked) == sorted(TEXTS)
    warm = VectorCache(tmp_path / "new" / "folder").encode(encoder, TEXTS)
    assert len(encoder.asked) == len(TEXTS)
    assert np.array_equal(cold, fresh)
    assert np.array_equal(warm, fresh)


def test_order_and_repetition_are_free(tmp_path: Path, encoder: Counting) -> None:
    cache = VectorCache(tmp_path)
    vectors = cache.encode(encoder, TEXTS)
    mixed = cache.encode(encoder, [*TEXTS[::-1], *TEXTS])
    assert np.array_equal(mixed, np.concatenate([vectors[::-1], vectors]))
    assert len(encoder.asked) == len(TEXTS)


def test_one_edit_encodes_one_text(tmp_path: Path, encoder: Counting) -> None:
    cache = VectorCache(tmp_path)
    cache.encode(encoder, TEXTS)
    encoder.asked.clear()
    edited = [TEXTS[0], "How do I change my password?", *TEXTS[2:]]
    vectors = cache.encode(encoder, edited)
    assert encoder.asked == ["How do I change my password?"]
    assert np.array_equal(vectors, encoder.encode(edited))
    encoder.asked.clear()
    cache.encode(encoder, TEXTS)
    assert encoder.asked == []  # an edit that is taken back


def test_what_is_not_used_goes_when_there_is_no_room(
    tmp_path: Path, encoder: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faq.encoders.vectors, "SPARE", 1)
    cache = VectorCache(tmp_path)
    cache.encode(encoder, ["one", "two", "three"])
    cache.encode(encoder, ["four"])
    with np.load(next(tmp_path.iterdir()), allow_pickle=False) as file:
        assert file["keys"].shape == (2, 16)
    encoder.asked.clear()
    cache.encode(encoder, ["four", "one"])
    assert encoder.asked == []
    cache.encode(encoder, ["two"])
    assert encoder.asked == ["two"]


def test_each_encoder_has_its_own_file(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    for name in ("model/1", "model/2"):
        asked = Counting(name)
        cache.encode(asked, ["one"])
        assert asked.asked == ["one"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model-1.npz", "model-2.npz"]


def test_without_a_folder_nothing_is_kept(tmp_path: Path, encoder: Counting) -> None:
    cache = VectorCache(None)
    cache.encode(encoder, ["one"])
    cache.encode(encoder, ["one"])
    assert encoder.asked == ["one", "one"]
    assert list(tmp_path.iterdir()) == []


def _changed(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors[1, 7] = np.nan
    return vectors


@pytest.mark.parametrize(
    "damage", ["empty", "text", "cut", "bit", "pickle", "array", "foreign", "nan", "short", "keys"]
)
def test_a_damaged_file_is_made_anew(
    tmp_path: Path, encoder: Counting, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    cache = VectorCache(tmp_path)
    vectors = cache.encode(encoder, TEXTS)
    path = next(tmp_path.iterdir())
    whole = path.read_bytes()
    with np.load(path, allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files}
    with path.open("wb") as target:
        match damage:
            case "empty":
                pass
            case "text":
                target.write(b"hello")
            case "cut":
                target.write(whole[: len(whole) // 2])
            case "bit":
                target.write(whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:])
            case "pickle":
                np.save(target, np.array([{"a": 1}], dtype=object), allow_pickle=True)
            case "array":
                np.save(target, parts["vectors"])
            case "foreign":
                np.savez(target, **{**parts, "made_by": np.array("another/1 1")})
            case "nan":
                np.savez(target, **{**parts, "vectors": _changed(parts["vectors"])})
            case "short":
                np.savez(target, **{**parts, "vectors": parts["vectors"][:3]})
            case _:
                np.savez(target, made_by=parts["made_by"], vectors=parts["vectors"])
    encoder.asked.clear()
    assert np.array_equal(cache.encode(encoder, TEXTS), vectors)
    assert len(encoder.asked) == len(TEXTS)
    assert [record.__dict__["action"] for record in caplog.records] == ["vector_cache_rebuilt"]
    caplog.clear()
    cache.encode(encoder, TEXTS)
    assert caplog.records == []


@pytest.mark.parametrize("place", ["/proc/firstline", "a file"])
def test_a_folder_that_cannot_be_written_costs_a_warning(
    tmp_path: Path, encoder: Counting, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    (tmp_path / "a file").touch()
    vectors = VectorCache(tmp_path / place).encode(encoder, TEXTS)
    assert np.array_equal(vectors, encoder.encode(TEXTS))
    assert caplog.records[-1].levelno == logging.WARNING
    assert caplog.records[-1].__dict__["action"] == "vector_cache_not_written"


_FULL_DISK = """
import logging, resource, signal, sys
from pathlib import Path
from faq.encoders import load
from faq.encoders.vectors import VectorCache
encoder, = load("default")
folder = Path(sys.argv[1])
VectorCache(folder).encode(encoder, ["one"])
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
print(VectorCache(folder).encode(encoder, [str(number) for number in range(20)]).shape)
print(*(path.name for path in folder.iterdir()))
"""


def test_a_full_disk_leaves_the_old_file_and_no_half_one(tmp_path: Path) -> None:
    done = run(_FULL_DISK, str(tmp_path))
    assert done.stdout.splitlines() == ["(20, 512)", "use-multilingual-v3-0.2.1.npz"]
    assert "cannot be stored" in done.stderr


def test_what_a_killed_process_left_behind_is_removed(tmp_path: Path, encoder: Counting) -> None:
    old, new = tmp_path / "model.npz.1.half", tmp_path / "model.npz.2.half"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    VectorCache(tmp_path).encode(encoder, ["one"])
    assert not old.exists()
    assert new.exists()


_BESIDE = """
import sys
from pathlib import Path
from faq.encoders import load
from faq.encoders.vectors import VectorCache
encoder, = load("default")
for number in range(100):
    vectors = VectorCache(Path(sys.argv[1])).encode(encoder, ["shared", f"{sys.argv[2]} {number}"])
    assert (vectors == encoder.encode(["shared", f"{sys.argv[2]} {number}"])).all()
"""


def test_two_processes_at_once_do_no_harm(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        for done in threads.map(lambda name: run(_BESIDE, str(tmp_path), name), ["left", "right"]):
            assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["use-multilingual-v3-0.2.1.npz"]


class Random:
    """Vectors of the right kind, at once."""

    name = "random/1"
    dimensions = 512

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.random.default_rng(len(texts)).standard_normal((len(texts), 512), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def test_a_hundred_thousand_texts_are_read_in_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faq.encoders.vectors, "SAVE_EVERY", 100_000)
    texts = [f"Question {number} of a large FAQ" for number in range(100_000)]
    cold = VectorCache(tmp_path).encode(Random(), texts)
    started = time.process_time()
    warm = VectorCache(tmp_path).encode(Random(), texts)
    assert time.process_time() - started < 1  # measured: 0.2
    assert np.array_equal(cold, warm)
