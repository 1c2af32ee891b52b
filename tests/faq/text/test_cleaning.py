"""What people type is folded to words for n-grams and tidied to text for an encoder."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.text.cleaning import MAX_CHARS, MAX_PARTS, MAX_WORDS, message_parts, spoken, words

NOISE = st.lists(
    st.sampled_from(["> ", "\n", "@name ", "#Tag", " #", "https://a.b/c?d=e ", "[a](https://b.c)", "--\n", "thanks\n"])
    | st.sampled_from(
        ["а", "c", "ο", "\u200b", "\u0301", "ﷺ", "İ", "ß", "我", "ผ่", "हि", "؟", "। ", ". ", "!", ":) ", "😀"]
    )
    | st.text(max_size=8),
    max_size=60,
).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, WORLD!", ["hello", "world"]),
        ("@bot please help <@123456> <:smile:987>", ["please", "help"]),
        ("see https://example.com/a?b=c and www.example.com now", ["see", "and", "now"]),
        ("mail me@example.com", ["mail", "me", "example", "com"]),
        ("I haven't, I haven\u2019t", ["i", "havent", "i", "havent"]),
        ("Café CRÈME İstanbul \u0131\u015f\u0131k", ["cafe", "creme", "istanbul", "isik"]),
        ("straße Łódź Ærø", ["strasse", "lodz", "aero"]),
        ("nooooo pleeease 1000000", ["noo", "pleease", "1000000"]),
        ("ｆｕｌｌ　ｗｉｄｔｈ", ["full", "width"]),
        ("h\u200be\u00adl\ufefflo", ["hello"]),
        ("今天会下雨吗", ["今", "天", "会", "下", "雨", "吗"]),
        ("ลืมรหัส", ["ลื", "ม", "ร", "หั", "ส"]),
        ("ພາສາ", ["ພ", "າ", "ສ", "າ"]),
        ("ខ្ញុំ ភ្លេច", ["ខ្", "ញុំ", "ភ្", "លេ", "ច"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("हिन्दी में मदद", ["हिन्दी", "में", "मदद"]),
        ("مَرْحَبًا", ["مرحبا"]),
        ("2FA code", ["2fa", "code"]),
        ("snake_case", ["snake", "case"]),
        ("한국어 질문", ["한국어", "질문"]),
        ("my \u0441\u0430rd", ["my", "card"]),
        ("😀🎉 🏳️\u200d🌈", []),
    ],
)
def test_clutter_goes_and_words_are_folded(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@bot I haven\u2019t GOT it, right?", "i haven't got it, right?"),
        ("Où est ma Straße", "où est ma straße"),
        ("nooooo!!!!!!!! pleeease", "noo!!! pleease"),
        ("İstanbul \u0131\u015f\u0131k", "istanbul \u0131\u015f\u0131k"),
        ("lost my #DebitCard help #fail #Angry", "lost my debit card help"),
        ("> you wrote this\n\nwhere is  it\n-- \nJohn", "where is it"),
        ("**where** is `it` 😀 :-)", "where is it"),
        ("today 10:30, 3.50 EUR", "today 10:30, 3.50 eur"),
        ("I <3 it, I <3 you", "i it, i you"),
        ("\u202eх", "х"),
        ("?!", ""),
    ],
)
def test_an_encoder_reads_a_tidy_sentence(text: str, expected: str) -> None:
    assert spoken(text) == expected


def test_tags_that_end_a_message_are_words_but_not_said() -> None:
    (part,) = message_parts("@bot Lost my CARD #help #DebitCard")
    assert (part.text, part.original) == ("lost my card", "Lost my CARD")
    assert part.words == ("lost", "my", "card", "help", "debit", "card")


def test_short_messages_stay_whole_and_long_ones_are_also_tried_in_sentences() -> None:
    assert [part.text for part in message_parts("One. Two. Three?")] == ["one. two. three?"]
    long = "This is a long story about my day. " * 4 + "Where is my parcel?"
    whole, *sentences = message_parts(long)
    assert len(whole.words) == 36
    assert len(sentences) == 5
    assert sentences[-1].text == "where is my parcel?"


@pytest.mark.parametrize(
    ("ending", "last"),
    [
        (". It cost 3.50 EUR! Where is it", ["It cost 3.50 EUR!", "Where is it"]),
        ("!where IS it?", ["where IS it?"]),
        ("\nwhere is it", ["where is it"]),
        ("... where is it", ["where is it"]),
        ("。我的包裹在哪里？谢谢", ["我的包裹在哪里?", "谢谢"]),
        ("؟ أين طردي", ["أين طردي"]),
        ("۔ میرا پارسل کہاں ہے", ["میرا پارسل کہاں ہے"]),
        ("। मेरा पार्सल कहाँ है", ["मेरा पार्सल कहाँ है"]),
        ("។ កញ្ចប់", ["កញ្ចប់"]),
        (", see https://a.b/c?d=e! Where is it", ["Where is it"]),
    ],
)
def test_sentences_end_as_their_script_ends_them(ending: str, last: list[str]) -> None:
    found = message_parts("Word " * 25 + "and" + ending)
    assert [part.original for part in found[-len(last) :]] == last


def test_a_long_sentence_is_cut_and_of_many_the_first_and_the_last_are_tried() -> None:
    assert [len(part.words) for part in message_parts("word " * 60)] == [60, 25, 25, 10]
    found = message_parts("".join(f"this is sentence{at}. " for at in range(60)))
    assert [part.words[-1] for part in found] == [
        "this",  # the whole, cut at 160 words
        *(f"sentence{at}" for at in (0, 1, 2, 3, 4, 54, 55, 56, 57, 58, 59)),
    ]


def test_two_characters_of_a_script_without_spaces_count_as_a_word() -> None:
    assert len(message_parts("我的包裹在哪里？" * 6)) == 1
    assert len(message_parts("我的包裹在哪里？" * 8)) == 9


@given(st.text(max_size=MAX_CHARS * 2) | NOISE)
def test_any_text_gives_bounded_parts_whose_forms_agree(text: str) -> None:
    found = message_parts(text)
    assert len(found) <= MAX_PARTS
    assert all(part.words and len(part.words) <= MAX_WORDS for part in found)
    assert all(len(part.text) <= 2 * MAX_CHARS for part in found)
    assert all(list(part.words[: len(words(part.text))]) == words(part.text)[:MAX_WORDS] for part in found)


@given(st.text(max_size=200, alphabet=st.characters(categories=["L", "N", "P", "S", "Z", "M"])) | NOISE)
def test_what_was_tidied_keeps_its_words(text: str) -> None:
    assert words(spoken(spoken(text))) == words(spoken(text))


def test_a_message_of_twenty_thousand_characters_is_cut() -> None:
    assert len(message_parts("word " * 4000)[0].original) <= MAX_CHARS


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "@a",
            "#a ",
            "#",
            "> ",
            "\n",
            "x\n",
            "--\n",
            "thanks\n",
            "on x wrote ",
            ":) ",
            "http://",
            "http://! ",
            "a.b/",
        ),
        *(
            "a-",
            "[a](",
            "[a](http://",
            "\u0430a ",
            "\u0430 ",
            "e\u0301\u0301",
            "\ufdfa",
            "我",
            "ผ่",
            ". ",
            "a. ",
            "!a",
            "<@",
        ),
        *("a\t", ":a", "*_"),
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = (unit * 20_000)[:20_000]

    def seconds() -> float:
        begun = time.thread_time()
        message_parts(text)
        return time.thread_time() - begun

    assert min(seconds() for _ in range(5)) < 0.025  # measured under 8 ms on an idle machine
