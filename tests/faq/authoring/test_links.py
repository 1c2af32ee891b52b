"""Which links people should not be sent to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.links import Link, faults, links


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://example.com/a.", [("https://example.com/a", "")]),
        ("(https://example.com)", [("https://example.com", "")]),
        ("**https://example.com**", [("https://example.com", "")]),
        (
            "[a page](https://example.com/x) and HTTP://b.example",
            [("https://example.com/x", "a page"), ("HTTP://b.example", "")],
        ),
        ("[a](#b 'title')", [("#b", "a")]),
        ("data: what we store. Write to us: now", []),
        ("Javascript: the language", []),
    ],
)
def test_links_are_found(text: str, found: list[tuple[str, str]]) -> None:
    assert [(link.target, link.shown) for link in links(text)] == found


@pytest.mark.parametrize(
    ("target", "shown", "found"),
    [
        ("https://example.com/help?a=b@c#d", "", []),
        ("https://www.example.com", "example.com", []),
        ("https://help.example.com", "the example.com help", []),
        ("https://bücher.example", "", []),
        ("https://例え.jp/", "", []),
        ("mailto:help@example.com", "", []),
        ("http://example.com", "", [("warning", "not encrypted")]),
        ("ftp://example.com", "", [("error", "'ftp:'")]),
        ("javascript:alert", "", [("error", "'javascript:'")]),
        ("data:text/html,x", "", [("error", "'data:'")]),
        ("https://example.com@evil.test/", "", [("error", "leads to 'evil.test'")]),
        ("https://93.184.216.34/", "", [("warning", "a number")]),
        ("https://[2001:db8::1]/", "", [("warning", "a number")]),
        ("https://3221226219/", "", [("warning", "a number")]),
        ("https://0x7f.1/", "", [("warning", "a number")]),
        ("https://bit.ly/x", "", [("warning", "shortened")]),
        ("https://xn--bcher-kva.example/", "", [("warning", "'bücher'")]),
        ("https://ex\u0430mple.com/", "", [("error", "mixes alphabets")]),
        ("https://\u0430\u0440\u0440\u04cf\u0435.com/", "", [("warning", "may look like Latin")]),
        ("https://exa\u200bmple.com/", "", [("error", "U+200B")]),
        ("https://example.com/a b", "", [("error", "U+0020")]),
        ("https://[::1/", "", [("error", "no web address")]),
        ("https:///x", "", [("error", "names no host")]),
        ("https://evil.test", "example.com", [("error", "is shown as 'example.com' but leads to 'evil.test'")]),
        ("https://evil.test", "https://example.com/login", [("error", "is shown as 'example.com'")]),
        ("https://notexample.com", "example.com", [("error", "is shown as")]),
    ],
)
def test_each_fault_is_told_and_nothing_else(target: str, shown: str, found: list[tuple[str, str]]) -> None:
    told = list(faults(Link(target=target, shown=shown)))
    assert [severity for severity, _ in told] == [severity for severity, _ in found]
    assert all(words in message for (_, message), (_, words) in zip(told, found, strict=True))


@given(st.text(), st.text())
def test_no_text_is_too_odd(text: str, shown: str) -> None:
    for link in [*links(text), Link(target=f"https://{text}", shown=shown)]:
        assert all(message for _, message in faults(link))
        assert isinstance(link.host, str)


@pytest.mark.parametrize("text", ["[" * 10_000, "[a](" * 2500, "https://" * 1250, "a." * 5000, "[a]" * 3333])
def test_hostile_text_costs_little(text: str) -> None:
    links(text)
    begun = time.process_time()
    links(text)
    assert time.process_time() - begun < 0.01
