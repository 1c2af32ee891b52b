"""Card numbers in a text: the issuer's prefix and length, the Luhn digit, and no other meaning beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEPARATOR = r"[ \t\r\n.·/_\-\u00a0\u00ad\u2000-\u200f\u2010-\u2015\u202f\u2060\ufeff]{0,3}"
_DIGITS = re.compile(rf"\d(?:{_SEPARATOR}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_IBAN_HEAD = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}")
_ALNUM = re.compile(r"[0-9A-Za-z]+")
_MIN_IBAN, _MAX_IBAN, _MAX_IBAN_CHARS = 15, 34, 44
_MIN_DIGITS, _MAX_DIGITS = 13, 19
_USUAL = re.compile(  # issuers' prefixes with the lengths that are in use today
    r"""
    (?=(?:\d{16}|\d{19})\Z)(?:4|35(?:2[89]|[3-8]\d)|6011|64[4-9]|65|62|220[0-5])  # Visa, JCB, Discover, UnionPay, Mir
    |(?=\d{16}\Z)(?:5[0-9]|6|9792|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))            # Mastercard, Maestro, RuPay, Troy
    |(?=\d{15}\Z)3[47]                                                            # American Express
    |(?=(?:\d{14}|\d{16})\Z)3(?:0[0-5]|[689])                                     # Diners Club
    """,
    re.VERBOSE,
)
# Rare lengths, taken only where the text speaks of a card: a 13-digit phone number or an 18-digit id looks the same.
_RARE = re.compile(r"(?=\d{13}\Z)4|(?=\d{13,19}\Z)(?:50|5[6-9]|6)")
# How people and cards group digits; any other grouping counts only where the digits stand alone.
_GROUPINGS = {
    (4, 4, 4, 4),
    (4, 6, 5),
    (4, 6, 4),
    (4, 4, 4, 4, 3),
    (4, 3, 3, 3),
    (8, 8),
    (6, 13),
    (4, 4, 4, 3),
    (4, 5, 6),
}
_CARD_WORD = re.compile(
    r"\bcc\b|card|kaart|karte|\bcarte|tarjeta|cart[aãe]o|\bcarta\b|\bkart|карт|卡|カード|카드|visa|master|maestro|amex|american\sexpress",
    re.IGNORECASE,
)
_OTHER_WORD = re.compile(
    r"""\b(?:order|bestel\w*|bestellung|commande|pedido|ordine|sipari\w+|ticket|case|tracking|track|shipment|parcel|invoice|factuur
    |rechnung|facture|ref|reference|referentie|kenmerk|id|ids|uid|user\sid|transaction|transactie|tx|txid|hash|block|memo|tag|imei|serial
    |phone|tel|telefoon|mobile|whatsapp|iban|account|rekening\w*|konto|timestamp|заказ\w*|訂單|订单)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NEAR_CHARS = 32
_MAX_LOOKS = 400


def find_card_numbers(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of card numbers, in order and apart from each other."""
    if _DIGITS.search(text) is None:
        return []
    from stdnum import luhn  # noqa: PLC0415 - few messages hold so many digits, and it brings along 6 MB

    spans: list[tuple[int, int]] = []
    looked_at = 0
    for run in _DIGITS.finditer(text):
        groups = [(run.start() + group.start(), run.start() + group.end()) for group in _GROUP.finditer(run[0])]
        done = run.start()
        for start, end in _candidates(text, groups):
            if start < done or not (digits := _issued(text[start:end])) or _is_list(text, start, end):
                continue
            looked_at += 1
            # No ordinary text has so many numbers that pass for cards, and a close look at each takes time.
            if looked_at > _MAX_LOOKS or (luhn.is_valid(digits) and _is_meant(text, start, end, digits)):
                spans.append((start, end))
                done = end
    return spans


def _candidates(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Runs of whole groups that look like a card: all of them, or some in a grouping that cards have."""
    # A group that is part of a word, a decimal or an international phone number is no group of a card.
    first, last = groups[0], groups[-1]
    glued = first[0] > 0 and (text[first[0] - 1].isalnum() or text[first[0] - 1] in "+_")
    if glued or _is_decimal(text, first[0]):
        groups = groups[1:]
    if groups and last[1] < len(text) and (text[last[1]].isalnum() or text[last[1]] == "_"):
        groups = groups[:-1]
    sizes = [end - start for start, end in groups]
    if _MIN_DIGITS <= sum(sizes) <= _MAX_DIGITS and not glued:
        yield groups[0][0], groups[-1][1]
    for index, (start, end) in enumerate(groups):
        if _MIN_DIGITS <= sizes[index] <= _MAX_DIGITS and not _is_decimal(text, start):
            yield start, end
        for count in (5, 4, 3, 2):
            if index + count <= len(sizes) and tuple(sizes[index : index + count]) in _GROUPINGS:
                yield start, groups[index + count - 1][1]


def _is_list(text: str, start: int, end: int) -> bool:
    """Whether digits on several lines are a list: a card takes two lines, with groups in one or its name before."""
    lines = text[start:end].split("\n")
    if len(lines) == 1:
        return False
    grouped = any(len(_GROUP.findall(line)) > 1 for line in lines)
    called = _CARD_WORD.search(text, max(0, start - _NEAR_CHARS), start)
    return len(lines) > 2 or not (grouped or called)  # noqa: PLR2004 - see the docstring


def _is_decimal(text: str, start: int) -> bool:
    return start > 1 and text[start - 1] in ".," and text[start - 2].isdigit()


def _issued(candidate: str) -> str:
    """The ASCII digits of a number that some issuer could have given out, else an empty text."""
    digits = "".join(_GROUP.findall(candidate))
    if not digits.isascii():
        digits = "".join(str(int(digit)) for digit in digits)
    known = _USUAL.match(digits) or _RARE.match(digits)
    return digits if known and len(set(digits)) > 1 else ""


def _is_meant(text: str, start: int, end: int, digits: str) -> bool:
    """Whether the words before it allow a card: the nearest one decides."""
    before = text[max(0, start - _NEAR_CHARS) : start]
    others, cards = list(_OTHER_WORD.finditer(before)), list(_CARD_WORD.finditer(before))
    if _is_in_iban(text, start, end):
        return False
    if cards and (not others or others[-1].end() <= cards[-1].end()):
        return True
    lone = not before or before[-1] not in "/=#@&"
    return lone and not others and _USUAL.match(digits) is not None


def _is_in_iban(text: str, start: int, end: int) -> bool:
    """Whether the digits belong to a valid IBAN, whose last groups can pass for a card."""
    from stdnum.iso7064 import mod_97_10  # noqa: PLC0415 - as above

    begin = max(0, start - _MAX_IBAN_CHARS)
    for head in _IBAN_HEAD.finditer(text, begin, end):
        compact = ""
        for group in _ALNUM.finditer(text, head.start(), end + _MAX_IBAN_CHARS):
            compact += group[0].upper()
            if len(compact) > _MAX_IBAN:
                break
            if len(compact) >= _MIN_IBAN and group.end() > start and mod_97_10.is_valid(compact[4:] + compact[:4]):
                return True
    return False
