"""Private keys in a text: WIF and BIP-38, extended keys (xprv and its kin), and 64 hex digits that are called a key."""

# ruff: noqa: RUF001 - labels in the users' own scripts

from __future__ import annotations

import re

_LONG_WORD = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{51}")
_WORD = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{51,130}(?![0-9A-Za-z])")
# 64 hex digits are a key only where they are called one: a transaction hash looks the same.
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]{64}")
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]+")
# The prefix of an extended private key names it, and one with a mistyped letter is as good as whole: no checksum.
_EXTENDED = re.compile(r"[xyzYZtuvUV]prv[1-9A-HJ-NP-Za-km-z]{104,112}")
# A Solana key pair and a transaction's signature are both 64 bytes in Base58: it must be called a key too.
_SOLANA_PAIR = re.compile(r"[1-9A-HJ-NP-Za-km-z]{86,88}")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
_LINE_BREAK = re.compile(r"[ \t]{0,8}\r?\n[ \t>|]{0,8}")
# What a key is broken into: the parts but the last are as wide as the window, never a word or two of prose.
_BROKEN = re.compile(
    rf"(?<![0-9A-Za-z])[0-9A-Za-z]{{10,110}}+(?:{_LINE_BREAK.pattern}[0-9A-Za-z]{{1,110}}+(?![0-9A-Za-z])){{1,7}}"
)
_PART = re.compile(r"[0-9A-Za-z]+")
_CONTEXT_CHARS = 64
_AND = re.compile(r"[\s,;:/&+|\-\[\]{}\"'`]*+(?:and|en|und|et|y|e|ve|и)?[\s\"'`]*+\Z", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？]|\n\s*\n")
_LABEL = re.compile(
    r"""
    (?P<other>
      \b(?:tx|txn|txs|txid|txhash|tx_hash|transaction\w*|transactie\w*|transaktion\w*|transacci\w*|transa[cç]\w*|transazion\w*
        |işlem|hash|hashes|block|blok|signature|handtekening|sha-?256|checksum|commit
        |(?:public|openbare|publieke|[öo]ffentliche\w*|publique|p[úu]blica|pubblica|tx|transaction|idempotency)[\s_-]?
         (?:key|sleutel|schl[üu]ssel)|pub[\s_-]?key|address|adres|adresse)\b
      |транзакц\w*|хеш\w*|хэш\w*|交易|哈希|公[钥鑰鍵]|取引|트랜잭션|해시|공개\s?키
    )
    |(?P<key>
      private?[\s_-]*(?:key|sleutel|seed)s?|priv[\s_-]?keys?|\bpk\b|\bsecrets?\b|secret[\s_-]?keys?|wallet[\s_-]?keys?
      |(?:signing|spend|view|master|owner|export(?:ed)?)[\s_-]?keys?
      |priv.{1,2}[\s_-]?sleutels?|geheime?[\s_-]?sleutels?|sleutels?\b
      |privat\w*[\s_-]?schl..?ssel|geheim\w*[\s_-]?schl..?ssel|schl..?ssel\b
      |cl(?:ef|.{1,2})s?\s(?:priv.{1,2}es?|secr.{1,2}tes?)|(?:clave|llave)s?\s(?:privada|secreta)s?
      |chaves?\s(?:privada|secreta)s?|chiav[ei]\s(?:privat|segret)[ae]|..?zel\sanahtar\w*|gizli\sanahtar\w*
      |(?:приватн|закрыт|секретн)\w*\sключ\w*|приватник\w*
      |klucz\w*\sprywatn\w*|soukrom\w*\skl..?..?\b|kunci\s(?:privat|pribadi|rahasia)
      |私[钥鑰]|密[钥鑰]|秘密[鍵键]|私[有]?鍵|프라이빗\s?키|개인\s?키|비밀\s?키|المفتاح\sالخاص
      |\bkeys?(?=\W{1,4}\Z)
    )(?:\s(?:of|for|from|to|van|voor|uit|von|de|del|di)\s(?:\w{1,12}\s){0,2}(?:address|adres|adresse|wallet|account))?
    """,
    re.IGNORECASE | re.VERBOSE,
)


def find_private_keys(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of private keys, in order and apart from each other."""
    spans = _find(text)
    if "\n" in text:
        spans += _find_broken(text)
    if not text.isascii() and _INVISIBLE.search(text):
        places = [place for place, char in enumerate(text) if not _INVISIBLE.match(char)]
        visible = "".join(text[place] for place in places)
        found = _find(visible) + (_find_broken(visible) if "\n" in visible else [])
        spans += [(places[start], places[end - 1] + 1) for start, end in found]
    return _apart(spans)


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart


def _find_broken(text: str) -> list[tuple[int, int]]:
    """Keys with line breaks inside: what is left of the text once the breaks of one group of lines are taken out."""
    spans = []
    for match in _BROKEN.finditer(text):
        begin, parts = match.start(), _PART.finditer(match[0])
        places = [begin + place for part in parts for place in range(part.start(), part.end())]
        starts = [begin + part.start() for part in _PART.finditer(match[0])]
        before = text[max(0, begin - _CONTEXT_CHARS) : begin]
        joined = "".join(text[place] for place in places)
        index = {place: number for number, place in enumerate(places)}
        edges = [*(index[start] for start in starts), len(places)]
        for first, start in enumerate(edges):
            for stop in edges[first + 2 :]:  # two parts or more: whole keys are found without this
                word = joined[start:stop]
                called = _HEX.fullmatch(word) and _is_called_key(
                    before, text[match.end() : match.end() + _CONTEXT_CHARS]
                )
                if called or _EXTENDED.fullmatch(word) or _is_base58check_key(word):
                    spans.append((places[start], places[stop - 1] + 1))
    return spans


def _find(text: str) -> list[tuple[int, int]]:
    if _LONG_WORD.search(text) is None:
        return []
    spans = []
    before_end, called_key = 0, False
    for match in _WORD.finditer(text):
        word = match[0]
        if _EXTENDED.fullmatch(word) or _is_base58check_key(word):
            spans.append(match.span())
        elif _HEX.fullmatch(word) or _SOLANA_PAIR.fullmatch(word):
            between = text[max(before_end, match.start() - _CONTEXT_CHARS) : match.start()]
            follows = before_end > 0 and match.start() - before_end <= _CONTEXT_CHARS and _AND.match(between)
            called_key = (
                called_key if follows else _is_called_key(between, text[match.end() : match.end() + _CONTEXT_CHARS])
            )
            if called_key:
                spans.append(match.span())
        before_end = match.end()
    return spans


def _is_base58check_key(word: str) -> bool:
    """WIF of any chain (its payload is a version, 32 bytes and perhaps 01) or BIP-38, checksum included."""
    if len(word) not in (51, 52, 58) or not _BASE58.fullmatch(word):
        return False
    from base58 import b58decode_check  # noqa: PLC0415 - most messages hold no word of this length

    try:
        payload = b58decode_check(word)
    except ValueError:
        return False
    if len(payload) == 39:  # noqa: PLR2004 - BIP-38: two bytes of prefix, flag, salt, 32 bytes
        return payload[:2] in (b"\x01\x42", b"\x01\x43")
    return len(payload) == 33 or (len(payload) == 34 and payload[-1] == 1)  # noqa: PLR2004 - see the docstring


def _is_called_key(before: str, after: str) -> bool:
    """Whether the nearest label says key: first in the sentence so far, then in what follows."""
    ends = [end.end() for end in _SENTENCE_END.finditer(before)]
    labels = [label.lastgroup for label in _LABEL.finditer(before[ends[-1] if ends else 0 :])]
    if labels:
        return labels[-1] == "key"
    end = _SENTENCE_END.search(after)
    label = _LABEL.search(after[: end.start() if end else 32])
    return label is not None and label.lastgroup == "key"
