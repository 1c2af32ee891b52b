"""Letters that look like letters of another script, folded to the script of their word; after UTS 39, the common ones.

"Credit" with a Cyrillic "C" and "e" is an English word. A word written wholly in one script stays as it is, unless all
its letters have doubles and the rest of the message is written in the other script.
"""

from __future__ import annotations

import re

_LATIN, _CYRILLIC, _GREEK = "latin", "cyrillic", "greek"
_FROM_CYRILLIC = str.maketrans("АВЕЅІЈКМНОРСТУХҮԌԚԜаеѕіјорсухһԁԛԝүє", "ABESIJKMHOPCTYXYGQWaesijopcyxhdqwye")
_FROM_GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳαικνορτυχςϲε", "ABEZHIKMNOPTYXCjaikvoptuxsce")
_FROM_LATIN = {
    _CYRILLIC: str.maketrans("ABCEHIJKMOPSTXYaceijkmopstxy", "АВСЕНІЈКМОРЅТХУасеіјкморѕтху"),
    _GREEK: str.maketrans("ABEHIKMNOPTXYZaiknouv", "ΑΒΕΗΙΚΜΝΟΡΤΧΥΖαικηουν"),
}
_INTO_LATIN = {_CYRILLIC: _FROM_CYRILLIC, _GREEK: _FROM_GREEK}
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_LETTERS = {
    _LATIN: re.compile("[A-Za-z\u00c0-\u024f]"),
    _CYRILLIC: re.compile("[\u0400-\u052f]"),
    _GREEK: re.compile("[\u0370-\u03ff]"),
}
_RUN = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f]+")


def plain_letters(text: str) -> str:
    """Fold look-alikes within words of mixed script, small capitals, and lone words made of nothing but look-alikes."""
    if text.isascii():
        return text
    text = text.translate(_SMALL_CAPITALS)
    if _FOREIGN.search(text) is None:
        return text
    main = _main_script(text)
    return _RUN.sub(lambda found: _plain_word(found[0], main), text)


def _main_script(text: str) -> str:
    """Give the script with the most letters; the Latin one if in doubt."""
    return max(_LETTERS, key=lambda script: len(_LETTERS[script].findall(text)))


def _plain_word(word: str, main: str) -> str:
    counts = {script: len(letters.findall(word)) for script, letters in _LETTERS.items()}
    used = [script for script, count in counts.items() if count]
    most = max(counts.values())
    target = main if counts[main] == most else max(counts, key=lambda script: counts[script])
    if used == [target]:
        return _unmasked(word, target, main)
    for script in used:
        if script != target:
            word = word.translate(_table(script, target))
    return word


def _unmasked(word: str, script: str, main: str) -> str:
    """Give the Latin word that a word of nothing but look-alikes shows in a Latin message."""
    if script == main or main != _LATIN:
        return word
    shown = word.translate(_INTO_LATIN[script])
    return shown if _LETTERS[script].search(shown) is None else word


def _table(script: str, target: str) -> dict[int, int]:
    if target == _LATIN:
        return _INTO_LATIN[script]
    return _FROM_LATIN[target] if script == _LATIN else {}
