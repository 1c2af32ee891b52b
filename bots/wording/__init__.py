"""Every sentence that the public reads, from Fluent catalogues that can be edited without code.

The catalogues are the ``*.ftl`` files beside this one; an operator's folder may hold files of the same names whose messages
replace ours. A language that has no catalogue, or a message that a catalogue lacks, falls back to the default language.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

_FOLDER = Path(__file__).parent
_log = logging.getLogger(__name__)


class WordingError(Exception):
    """A catalogue cannot be read; the message says which and where."""


class Wording:
    """Sentences in the user's language.

    Args:
        default_language: spoken where the user's language has no catalogue.
        folder: the operator's own catalogues, or None.

    Raises `WordingError` for a catalogue with a mistake.
    """

    def __init__(self, default_language: str = "en", folder: Path | None = None) -> None:
        sources = [_FOLDER, *([folder] if folder else [])]
        names = sorted({path.stem for source in sources for path in source.glob("*.ftl")})
        self._bundles = {name: _bundle(name, tuple(sources)) for name in names}
        if default_language not in self._bundles:
            raise WordingError(
                f"There is no catalogue for the default language {default_language!r}. There is: {', '.join(names)}."
            )
        self._default = default_language

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a catalogue."""
        return tuple(self._bundles)

    def language(self, *wishes: str | None) -> str:
        """The first wish ("nl", "nl-BE") that has a catalogue, else the default language."""
        for wish in wishes:
            short = (wish or "").casefold().replace("_", "-").split("-")[0]
            if short in self._bundles:
                return short
        return self._default

    def say(self, language: str, message: str, **arguments: str | int) -> str:
        """The message in that language. `arguments` that hold somebody's words must be escaped by the caller."""
        for name in (language, self._default, "en"):
            bundle = self._bundles.get(name)
            if bundle is not None and bundle.has_message(message):
                pattern = bundle.get_message(message).value
                if pattern is not None:
                    text, errors = bundle.format_pattern(pattern, arguments)
                    if errors:
                        _log.warning("The sentence %s (%s) is incomplete: %s", message, name, errors[0])
                    return str(text)
        raise WordingError(f"No catalogue has the sentence {message!r}.")


@cache
def _bundle(language: str, sources: tuple[Path, ...]) -> FluentBundle:
    # Isolation marks would travel with a ticket number that somebody copies.
    bundle = FluentBundle([language], use_isolating=False)
    for source in sources:
        path = source / f"{language}.ftl"
        if path.is_file():
            resource = FluentResource(path.read_text(encoding="utf-8"))
            for entry in resource.body:
                if isinstance(entry, ast.Junk):
                    first = (entry.content or "").strip().splitlines()[0]
                    raise WordingError(f"{path}: this is not a message: {first!r}. Write: name = sentence.")
            bundle.add_resource(resource, allow_overrides=True)
    return bundle
