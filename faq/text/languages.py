"""The language of a message, also of a short one: letter groups, script, and what is likely here.

`docs/decisions/0013-language-detection.md` has the measurements behind the figures.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import eldc  # type: ignore[import-untyped]  # a C module without stubs

from faq.text.clutter import own_words, visible, without_names_and_links, without_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faq.entries import Faq

DECIMALS = 4  # rounded before it is compared, so that every machine decides alike
MAX_CHARS = 600  # the detector itself reads 1,000 bytes
SURE = 0.7  # measured: right in 97 of 100 above it, which is 93 of 100 messages
SURE_OF_ONE_WORD = 0.95  # in a language that the FAQ does not have: compounds and jargon look like anything
_MIN_LETTERS = 2
# The detector's scores, 0..1, become odds: e to the power of the score times this, fitted so that of all messages said
# to be right nine times in ten, nine in ten are; more letters make a difference in scores mean more.
_SHARPNESS, _SHARPNESS_BY_LETTERS = 5.0, 5.0
_ALONE = 0.99  # where the script has one language only
_OF_THE_FAQ = 4.0
_OF_THE_HINT = 4.0
_IN_ITS_WORDS = 20.0  # where every word stands in the phrasings of that language
_RARE = 0.1
_USUAL = 0.4
_JAPANESE_WITHOUT_KANA = 0.1
_KANA_SHARE = 0.1
_OFTEN = frozenset(
    ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "ms", "nl", "pl", "pt", "ru", "th", "tr", "vi", "zh")
)
_SELDOM = frozenset(
    ("az", "be", "ca", "et", "eu", "hy", "is", "ka", "ku", "lo", "lt", "lv", "mr", "sl", "sq", "tl", "yo")
)

# What the detector calls one language goes by several codes; the first is ours where the FAQ has none of them.
_CODES = {
    "he": ("he", "iw"),
    "hr": ("hr", "bs", "sr"),
    "ms": ("id", "ms"),
    "no": ("no", "nb", "nn"),
    "tl": ("tl", "fil"),
}
_LANGUAGES_OF_SCRIPT = {
    "han": frozenset({"zh", "ja"}),
    "kana": frozenset({"ja"}),
    "hangul": frozenset({"ko"}),
    "thai": frozenset({"th"}),
    "greek": frozenset({"el"}),
    "hebrew": frozenset({"he"}),
    "arabic": frozenset({"ar", "fa", "ku", "ur"}),
    "cyrillic": frozenset({"be", "bg", "ru", "sr", "uk"}),
    "devanagari": frozenset({"hi", "mr"}),
}
_OF_OTHER_SCRIPTS = frozenset().union(*_LANGUAGES_OF_SCRIPT.values()) | frozenset(
    ("am", "bn", "gu", "hy", "ka", "kn", "lo", "ml", "or", "pa", "ta", "te")
)
# Letters that only these languages of their script write.
_TELLING = (
    ("ыэё", frozenset({"be", "ru"})),
    ("іў", frozenset({"be", "uk"})),
    ("їєґ", frozenset({"uk"})),
    ("јљњћђџ", frozenset({"sr"})),
    ("щ", frozenset({"bg", "ru", "uk"})),
    ("ъ", frozenset({"bg", "ru"})),
    ("پچژگ", frozenset({"fa", "ku", "ur"})),
    ("کی", frozenset({"fa", "ku", "ur"})),
    ("ٹڈڑںے", frozenset({"ur"})),
    ("ةيكأإ", frozenset({"ar"})),
)
_SCRIPTS = {
    "han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "kana": re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]"),
    "hangul": re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
    "thai": re.compile("[\u0e01-\u0e3a\u0e40-\u0e4e]"),
    "greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "hebrew": re.compile("[\u05d0-\u05ea]"),
    "arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "devanagari": re.compile("[\u0904-\u0939\u0958-\u0961]"),
    "latin": re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"),
}
_LETTERS_IN_A_SIGN = {"han": 5, "kana": 3, "hangul": 3}
_WORD = re.compile(r"[^\W\d_]+")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What a message is written in.

    Attributes:
        language: As the FAQ writes it ("pt-BR") where it has that language, else two letters; None when unsure.
        probability: That the likeliest language is right, 0..1 with four decimals, also where it is not sure enough.
    """

    language: str | None
    probability: float


class Detector:
    """Detects the language of messages to one FAQ. Any thread may use it; it is deterministic."""

    def __init__(self, faq: Faq) -> None:
        spoken = {base(language): language for language in reversed(faq.languages)}
        self._names = {}
        for code in known():
            same = _CODES.get(code, (code,))
            self._names[code] = next((spoken[other] for other in same if other in spoken), same[0])
        self._spoken = frozenset(spoken.values())
        # A language that the detector does not know looks like one that it knows: then only the FAQ's own are sure.
        self._all_known = self._spoken <= frozenset(self._names.values())
        self._heard = frozenset(code for code in known() if self._speaks(code))
        self._priors = {code: _prior(code) * (_OF_THE_FAQ if self._speaks(code) else 1.0) for code in known()}
        self._words: dict[str, set[str]] = {language: set() for language in self._spoken}
        for entry in faq.entries:
            plain = unicodedata.normalize("NFKC", " ".join(entry.phrasings)).lower()
            self._words[spoken[base(entry.language)]].update(_words(plain))

    def _speaks(self, code: str) -> bool:
        return self._names[code] in self._spoken

    def detect(self, text: str, hint: str | None = None) -> Detected:
        """Detect the language of a text of any length and content.

        Args:
            text: The message.
            hint: A language that its author is known to speak: their setting, or that of their client ("nl-BE").
        """
        letters = _letters(text)
        script = _script(letters)
        if script is None:
            return Detected(language=None, probability=0.0)
        within = _languages(letters, script)
        if len(within) == 1:
            return self._named(next(iter(within)), _ALONE, SURE)
        scores = {code: score for code, score in _scores(letters).items() if code in within}
        if not scores:
            return Detected(language=None, probability=0.0)
        odds = self._odds(letters, scores, base(hint or ""))
        if script == "han" and "ja" in odds and not self._speaks("ja"):
            odds["ja"] *= _JAPANESE_WITHOUT_KANA
        most = max(odds.values())
        best = min(code for code, likely in odds.items() if likely == most)
        one_word = script == "latin" and " " not in letters and not self._speaks(best)
        enough = SURE_OF_ONE_WORD if one_word else SURE
        return self._named(best, odds[best] / math.fsum(odds.values()), enough)

    def _odds(self, letters: str, scores: Mapping[str, float], hint: str) -> dict[str, float]:
        sharpness = _SHARPNESS + _SHARPNESS_BY_LETTERS * math.log1p(sum(map(str.isalpha, letters)))
        odds = {code: self._priors[code] * math.exp(sharpness * score) for code, score in scores.items()}
        for code in _called(hint) & odds.keys():
            odds[code] *= _OF_THE_HINT
        said = _words(letters)
        for code in self._heard & odds.keys() if said else ():
            odds[code] *= _IN_ITS_WORDS ** (len(said & self._words[self._names[code]]) / len(said))
        return odds

    def _named(self, code: str, probability: float, enough: float) -> Detected:
        probability = round(probability, DECIMALS)
        sure = probability >= enough and (self._all_known or self._speaks(code))
        return Detected(language=self._names[code] if sure else None, probability=probability)


def base(language: str) -> str:
    """The language of a code with a region or a script: "pt" of "pt-BR" and of "pt_BR"."""
    return language.replace("_", "-").partition("-")[0].casefold()


@lru_cache(maxsize=256)  # a hint is whatever a client says
def _called(hint: str) -> frozenset[str]:
    """The detector's codes of a language that is called so."""
    return frozenset(code for code in known() if hint in _CODES.get(code, (code,)))


@cache
def known() -> frozenset[str]:
    """The detector's codes of the languages that it knows."""
    return frozenset(eldc.LANGUAGES)


@cache
def _engine() -> Any:
    eldc.init()  # its tables are part of the module: nothing is read, nothing fetched
    engine = eldc.instance()
    engine.set_scores(eldc.MAX_SCORES)
    return engine


@cache
def _latin() -> frozenset[str]:
    return known() - _OF_OTHER_SCRIPTS


def _scores(letters: str) -> dict[str, float]:
    scores: dict[str, float] = _engine().detect_details(letters).scores
    return scores


def _prior(code: str) -> float:
    if code in _OFTEN:
        return 1.0
    return _RARE if code in _SELDOM else _USUAL


def _words(letters: str) -> set[str]:
    return set(_WORD.findall(letters))


def _languages(letters: str, script: str) -> frozenset[str]:
    """The detector's languages that are written in this script, with these letters."""
    if script not in _LANGUAGES_OF_SCRIPT:
        return _latin() if script == "latin" else known()
    within = _LANGUAGES_OF_SCRIPT[script]
    for telling, languages in _TELLING:
        if within & languages and any(letter in letters for letter in telling):
            within &= languages
    return within


def _letters(text: str) -> str:
    """What says something about the language: no quotes, links, names, pictures, numbers or codes."""
    # A lone surrogate is no text, and "\0" would end it for the detector.
    whole = text[: 4 * MAX_CHARS].encode("utf-8", "ignore").decode("utf-8")
    clean = without_pictures(without_names_and_links(visible(own_words(whole))))
    words = unicodedata.normalize("NFKC", clean)[:MAX_CHARS].lower().split()
    kept = (word for word in words if not (word.isascii() and ("@" in word or any(map(str.isdigit, word)))))
    return _REPEATED.sub(r"\1\1", " ".join(kept))


def _script(letters: str) -> str | None:
    """The script that most of the text is written in; "other" for one that has no name here, None without letters."""
    if letters.isascii():
        return "latin" if sum(map(str.isalpha, letters)) >= _MIN_LETTERS else None
    counts = {script: len(found.findall(letters)) for script, found in _SCRIPTS.items()}
    if counts["kana"] > _KANA_SHARE * counts["han"]:
        counts["kana"] += counts.pop("han")
    weights = {script: count * _LETTERS_IN_A_SIGN.get(script, 1) for script, count in counts.items()}
    weights["other"] = sum(map(str.isalpha, letters)) - sum(counts.values())
    best = max(weights, key=lambda script: weights[script])
    return best if weights[best] >= _MIN_LETTERS else None
