"""Every sentence that the public reads, from Fluent catalogues that can be edited without code.

The catalogues are the ``*.ftl`` files beside this one; an operator's folder may hold files of the same names whose
messages replace ours. A language that has no catalogue, or a message that a catalogue lacks, falls back to the default
language.
"""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast
from fluent.syntax.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FOLDER = Path(__file__).parent
_log = logging.getLogger(__name__)


class WordingError(Exception):
    """A catalogue cannot be read; the message says which and where."""


class Wording:
    """Sentences in the user's language.

    Args:
        default_language: spoken where the user's language has no catalogue.
        folder: the operator's own catalogues, or None.
        offered: the languages to speak, where not all that have a catalogue; the default one always is.

    Raises `WordingError` for a catalogue with a mistake.
    """

    def __init__(
        self, default_language: str = "en", folder: Path | None = None, offered: Iterable[str] | None = None
    ) -> None:
        if folder is not None and not folder.is_dir():
            raise WordingError(f"There is no folder {folder}. Make it, or take it out of [wording].")
        sources = [_FOLDER, *([folder] if folder else [])]
        names = sorted({path.stem for source in sources for path in source.glob("*.ftl")})
        self._bundles = {name: _bundle(name, tuple(sources)) for name in names}
        if default_language not in self._bundles:
            raise WordingError(
                f"There is no catalogue for the default language {default_language!r}. There is: {', '.join(names)}."
            )
        self._default = default_language
        wanted = None if offered is None else {default_language, *offered}
        self._offered = tuple(name for name in self._bundles if wanted is None or name in wanted)
        self._withheld = frozenset(self._bundles) - frozenset(self._offered)
        self._sentences: dict[tuple[str, str], _Sentence] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that are offered and have a catalogue."""
        return self._offered

    @property
    def default(self) -> str:
        """The language spoken where nothing else can be."""
        return self._default

    @property
    def withheld(self) -> frozenset[str]:
        """The languages that have a catalogue and are not offered."""
        return self._withheld

    def language(self, *wishes: str | None) -> str:
        """The first wish ("nl", "nl-BE") that is offered and has a catalogue, else the default language."""
        for wish in wishes:
            short = (wish or "").casefold().replace("_", "-").split("-")[0]
            if short in self._offered:
                return short
        return self._default

    def say(self, language: str, message: str, **arguments: str | int) -> str:
        """The message in that language. `arguments` that hold somebody's words must be escaped by the caller."""
        sentence = self._sentences.get((language, message))
        if sentence is None:
            sentence = self._sentences.setdefault((language, message), self._find(language, message))
        if sentence.fixed is not None:
            return sentence.fixed
        text, errors = self._bundles[sentence.catalogue].format_pattern(sentence.pattern, arguments)
        if errors:
            _log.warning("The sentence %s (%s) is incomplete: %s", message, sentence.catalogue, errors[0])
        return str(text)

    def _find(self, language: str, message: str) -> _Sentence:
        for name in (language, self._default, "en"):
            bundle = self._bundles.get(name)
            if bundle is not None and bundle.has_message(message):
                pattern = bundle.get_message(message).value
                if pattern is not None:
                    text, missed = bundle.format_pattern(pattern)
                    return _Sentence(name, pattern, None if missed else str(text))
        raise WordingError(f"No catalogue has the sentence {message!r}.")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A message where it was found; `fixed` is its text where it asks for no argument."""

    catalogue: str
    pattern: Any
    fixed: str | None


@cache
def _bundle(language: str, sources: tuple[Path, ...]) -> FluentBundle:
    # Isolation marks would travel with a ticket number that somebody copies.
    bundle = FluentBundle([language], use_isolating=False)
    for source in sources:
        path = source / f"{language}.ftl"
        if path.is_file():
            bundle.add_resource(_resource(path), allow_overrides=True)
    return bundle


def _resource(path: Path) -> ast.Resource:
    """A catalogue without mistakes: no junk, no sentence that nobody says, no variable that nobody fills in."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WordingError(f"{path} cannot be read ({error}). Save it as UTF-8.") from error
    resource = FluentResource(text)
    known = _known()
    for entry in resource.body:
        if isinstance(entry, ast.Junk):
            content = entry.content or ""
            line = text.count("\n", 0, text.find(content)) + 1
            first = content.strip().splitlines()[0]
            raise WordingError(f"{path}:{line}: this is not a message: {first!r}. Write: name = sentence.")
        if isinstance(entry, ast.Message):
            name = entry.id.name
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise WordingError(f"{path}: the bot never says {name!r}.{hint}")
            if strange := variables(entry) - known[name]:
                offered = ", ".join(f"${variable}" for variable in sorted(known[name])) or "none"
                raise WordingError(f"{path}: {name} has no ${min(strange)}. Its variables: {offered}.")
    return resource


@cache
def _known() -> dict[str, frozenset[str]]:
    """The sentences that the bot says, with their variables: those of our English catalogue."""
    return {message.id.name: variables(message) for message in messages(_FOLDER / "en.ftl")}


def messages(path: Path) -> Iterator[ast.Message]:
    """The messages of a catalogue."""
    resource = FluentResource(path.read_text(encoding="utf-8"))
    return (entry for entry in resource.body if isinstance(entry, ast.Message))


def variables(message: ast.Message) -> frozenset[str]:
    """The variables that a message uses."""
    found = _Variables()
    found.visit(message)
    return frozenset(found.names)


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the visitor's naming
        self.names.add(node.id.name)
