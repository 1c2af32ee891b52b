"""Claim codes: their shape, and that none survives in somebody's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Attachment, Author, Parent
from bots import claims
from bots.shield import shield, shield_text
from tests.bots.making import command, message
from tests.growth import TOO_STEEP, growth

CODE = "K7QZM-4T9WX-8YHN2-P3RVC-D6FGJ1"
HASH = claims.code_hash(CODE)
CODES = st.builds(claims.new_code)


@given(CODES)
def test_a_code_is_in_groups_and_no_two_are_the_same(code: str) -> None:
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5, 6]
    assert not set(code) & set("ILOU")
    assert code != claims.new_code()


@given(CODES)
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert claims.code_hash(typed) == claims.code_hash(code)


@given(CODES)
def test_a_code_is_no_secret_of_another_kind(code: str) -> None:
    assert shield_text(f"claim {code}").text == f"claim {code}"


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        f" {CODE}\n",
        f"claim {CODE}",
        f"my code is {CODE}, what now?",
        f"claim **{CODE}**",
        f"Claim: {CODE.lower()} please",
        f"I want to CLAIM {CODE.replace('-', '')}.",
    ],
)
def test_a_code_is_sealed_in_what_people_write(text: str) -> None:
    sealed = claims.sealed(message(text))
    assert claims.hash_in(sealed.text) == HASH
    for group in CODE.split("-"):
        assert group.lower() not in sealed.text.lower().replace(HASH, "")


def test_a_code_is_sealed_in_a_command_and_in_what_is_answered() -> None:
    assert claims.sealed(command("claim", "k7qzm 4t9wx 8yhn2 p3rvc d6fgjl")).text == f"[claim {HASH}]"
    said = message(
        "this one?", parent=Parent(message_id="1", author=Author(id="bot"), text=f"write claim {CODE} there")
    )
    sealed = claims.sealed(said)
    assert sealed.parent is not None
    assert sealed.parent.text == "write [claim] there"


@pytest.mark.parametrize("name", [f"{CODE}.png", f"claim {CODE}.txt", f"claim_{CODE}", f"my-claim-{CODE}.jpg"])
def test_no_code_is_left_in_the_name_of_a_file(name: str) -> None:
    (file,) = claims.sealed(message(attachments=(Attachment(name=name),))).attachments
    assert "[claim]" in file.name
    assert not any(group in file.name for group in CODE.split("-"))


@pytest.mark.parametrize("typed", [CODE[:-1], CODE + "7", CODE[:4] + CODE[5:], CODE.replace("-4T9WX", "")])
@pytest.mark.parametrize("said", ["claim {}", "Claim: {} please"])
def test_a_mistyped_code_is_sealed_and_opens_nothing(typed: str, said: str) -> None:
    text = claims.sealed(message(said.format(typed))).text
    assert typed not in text
    assert claims.hash_in(text) not in {None, HASH}
    assert claims.hash_in(claims.sealed(command("claim", typed)).text) not in {None, HASH}


@given(CODES, st.sampled_from(["{}", "claim {}", "claim {} for the private key of my wallet", "my seed phrase: {}"]))
def test_what_is_sealed_after_the_shield_stays_a_code(code: str, said: str) -> None:
    assert claims.hash_in(claims.sealed(shield(message(said.format(code)))).text) == claims.code_hash(code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "claim",
        "I claim a refund",
        "claim money never comes where please",
        "the claim 0x52908400098527886E0F7030069857D2E4169EE7 of mine",
        "a3f1c0ffee5e1f00d5ba5eba11deadbeef0123456789abcdef0123456789abcd",
        "order ABCDE12345ABCDE12345ABCDE1",
        "claim 550e8400-e29b-41d4-a716-446655440000",
        "claim 2026-11-23-12-30, and 06-1234-5678-90",
        "my licence ABCDE-12345-ABCDE-12345-ABCDE",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert claims.sealed(message(text)).text == text
    assert claims.hash_in(text) is None


def test_whoever_read_a_hash_does_not_have_the_code() -> None:
    assert claims.hash_in(claims.sealed(message(f"[claim {HASH}]")).text) is None
    assert claims.hash_in(claims.sealed(command("claim", f"[claim {HASH}]")).text) is None


@pytest.mark.parametrize("piece", ["claim ", "claim ABCDE-", "claim 12345 ", "claim\n", "A1B2C-"])
def test_no_text_makes_it_slow(piece: str) -> None:
    assert growth(lambda text: claims.sealed(message(text)), piece * (20_000 // len(piece))) < TOO_STEEP
