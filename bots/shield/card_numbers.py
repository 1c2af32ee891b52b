"""Card numbers in a text: the issuer's prefix and length, the Luhn digit, and no other meaning beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEPARATOR = r"[ \t.·\-\u00a0\u00ad\u2000-\u200f\u2010-\u2015\u202f\u2060\ufeff]{0,3}"
_DIGITS = re.compile(rf"\d(?:{_SEPARATOR}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?:[ \-\u00a0]?[0-9A-Za-z]{1,4}){3,9}")
_MIN_DIGITS, _MAX_DIGITS = 13, 19
# Lowest and highest prefix, and the lengths that are in use today.
_ISSUERS = (
    ("4", "4", (16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),  # Mastercard
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),  # American Express
    ("300", "305", (14, 16)),  # Diners Club
    ("36", "36", (14, 16)),  # Diners Club
    ("38", "39", (14, 16)),  # Diners Club
    ("3528", "3589", (16, 19)),  # JCB
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),  # Discover
    ("62", "62", (16, 19)),  # UnionPay
    ("2200", "2205", (16, 19)),  # Mir
    ("50", "50", (16,)),  # Maestro, RuPay, Verve
    ("56", "61", (16,)),  # Maestro, RuPay
    ("63", "63", (16,)),  # Maestro
    ("67", "69", (16,)),  # Maestro
    ("9792", "9792", (16,)),  # Troy
)
# Rare lengths, taken only where the text speaks of a card: a 13-digit phone number or an 18-digit id looks the same.
_RARE = (("4", "4", (13,)), ("50", "50", (13, 14, 15, 17, 18, 19)), ("56", "69", (13, 14, 15, 17, 18, 19)))
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


def find_card_numbers(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of card numbers, in order and apart from each other."""
    spans: list[tuple[int, int]] = []
    ibans: list[tuple[int, int]] | None = None
    for run in _DIGITS.finditer(text):
        if ibans is None:
            ibans = _iban_spans(text)
        groups = [(run.start() + group.start(), run.start() + group.end()) for group in _GROUP.finditer(run[0])]
        done = run.start()
        for start, end in _candidates(text, groups):
            if start < done or any(start < stop and begin < end for begin, stop in ibans):
                continue
            if _is_card(text, start, end):
                spans.append((start, end))
                done = end
    return spans


def _candidates(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Runs of whole groups that look like a card: all of them, or some in a grouping that cards have."""
    # A group that is part of a word, a decimal or an international phone number is no group of a card.
    first, last = groups[0], groups[-1]
    glued = first[0] > 0 and (text[first[0] - 1].isalnum() or text[first[0] - 1] in "+_")
    decimal = first[0] > 1 and text[first[0] - 1] in ".," and text[first[0] - 2].isdigit()
    if glued or decimal:
        groups = groups[1:]
    if groups and last[1] < len(text) and (text[last[1]].isalnum() or text[last[1]] == "_"):
        groups = groups[:-1]
    sizes = [end - start for start, end in groups]
    if _MIN_DIGITS <= sum(sizes) <= _MAX_DIGITS and not glued:
        yield groups[0][0], groups[-1][1]
    for index, (start, end) in enumerate(groups):
        if _MIN_DIGITS <= sizes[index] <= _MAX_DIGITS:
            yield start, end
        for count in (5, 4, 3, 2):
            if tuple(sizes[index : index + count]) in _GROUPINGS:
                yield start, groups[index + count - 1][1]


def _is_card(text: str, start: int, end: int) -> bool:
    digits = "".join(str(int(char)) for char in text[start:end] if char.isdecimal())
    usual = _is_issued(digits, _ISSUERS)
    if not (usual or _is_issued(digits, _RARE)) or len(set(digits)) == 1 or not luhn.is_valid(digits):
        return False
    before = text[max(0, start - _NEAR_CHARS) : start]
    others, cards = list(_OTHER_WORD.finditer(before)), list(_CARD_WORD.finditer(before))
    if cards and (not others or others[-1].end() <= cards[-1].end()):
        return True
    lone = not before or before[-1] not in "/=#@&"
    return usual and lone and not others


def _is_issued(digits: str, issuers: tuple[tuple[str, str, tuple[int, ...]], ...]) -> bool:
    return any(len(digits) in lengths and low <= digits[: len(low)] <= high for low, high, lengths in issuers)


def _iban_spans(text: str) -> list[tuple[int, int]]:
    """Spans of valid IBANs: their last groups can pass for a card."""
    spans = []
    for match in _IBAN.finditer(text):
        for end in range(match.end(), match.start() + 14, -1):
            compact = re.sub(r"[^0-9A-Za-z]", "", text[match.start() : end]).upper()
            if mod_97_10.is_valid(compact[4:] + compact[:4]):
                spans.append((match.start(), end))
                break
    return spans
