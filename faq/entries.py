"""The FAQ as the bot knows it: entries, their translations, and the YAML files they are read from.

Errors::

    Exception
    └── FaqError           the FAQ cannot be used as it stands; every problem found is listed
        └── QueriesError   the same for a file of queries (faq.batch)
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 6  # an entry's list of phrasings sits at depth 5; deeper nesting is a mistake or an attack
SUFFIXES = (".yaml", ".yml")
FILE_KEYS = ("language", "entries")
TEXT_KEYS = ("id", "question", "answer")
EXPECTATION_KEYS = ("expect", "expect_not")
LIST_KEYS = ("also", "tags", "links", *EXPECTATION_KEYS)
# Control characters besides tab and line ends, and those that turn the direction of the text after them.
HARMFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
EXAMPLE_KEYS = "id, question, also, answer, tags, links, expect, expect_not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file, and what to do about it.

    Attributes:
        path: The file, as it was given or found.
        line: Counted from 1; 0 when the trouble is with the whole file.
        message: What is wrong, without a full stop.
        cure: What to change, without a full stop.
    """

    path: str
    line: int
    message: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}; {self.cure}."


class FaqError(Exception):
    """The FAQ cannot be used: the sentences say where and what to change."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer in one language, with the phrasings that ask for it.

    Attributes:
        id: Shared by the translations of one entry.
        source: Where it stands, as `file.yaml:12`.
        expect: Messages that it is to answer. They test the FAQ (`faq.authoring.expectations`) and are no phrasings:
            nothing learns from them.
        expect_not: Messages that it is not to answer by itself.
        expectation_lines: The line of each of `expect` and then of `expect_not`; empty where no file was read.
    """

    id: str
    language: str
    question: str
    also: tuple[str, ...] = ()
    answer: str
    tags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    source: str = ""
    expect: tuple[str, ...] = ()
    expect_not: tuple[str, ...] = ()
    expectation_lines: tuple[int, ...] = ()

    @property
    def phrasings(self) -> tuple[str, ...]:
        """The question and its other wordings, each once."""
        return tuple(dict.fromkeys((self.question, *self.also)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Faq:
    """All entries in all languages, in the order of the files; never changed, only replaced."""

    entries: tuple[Entry, ...]
    languages: tuple[str, ...] = field(init=False)
    _by_key: dict[tuple[str, str], Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "languages", tuple(dict.fromkeys(entry.language for entry in self.entries)))
        object.__setattr__(self, "_by_key", {(entry.id, entry.language): entry for entry in self.entries})

    def entry(self, entry_id: str, language: str) -> Entry | None:
        """Give the entry in that language (`nl-BE` falls back to `nl`), else in the FAQ's first that has it."""
        wanted = (language, language.partition("-")[0], *self.languages)
        return next((self._by_key[entry_id, code] for code in wanted if (entry_id, code) in self._by_key), None)


def faq_files(path: Path) -> list[Path]:
    """List the files an FAQ is read from: the file itself, or the folder's YAML files by name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))


def load(path: Path) -> Faq:
    """Read an FAQ from a file or a folder of `*.yaml` and `*.yml` files.

    Raises:
        FaqError: Something is wrong; every problem of every file is listed, with its line and cure.
    """
    files = faq_files(path)
    if not files:
        raise FaqError([_problem(path, 0, "this folder holds no .yaml file", "put the FAQ's files into it")])
    problems: list[Problem] = []
    entries: list[Entry] = []
    for file in files:
        reader = _Reader(file, problems)
        entries += reader.entries()
    _check_unique(entries, problems)
    if problems:
        raise FaqError(problems)
    return Faq(entries=tuple(entries))


def _problem(path: Path, line: int, message: str, cure: str) -> Problem:
    return Problem(path=str(path), line=line, message=message, cure=cure)


def _check_unique(entries: Iterable[Entry], problems: list[Problem]) -> None:
    first: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        earlier = first.setdefault((entry.id, entry.language), entry)
        if earlier is not entry:
            path, _, line = entry.source.rpartition(":")
            problems.append(
                Problem(
                    path=path,
                    line=int(line),
                    message=f"the id '{entry.id}' is used twice for language '{entry.language}', "
                    f"first at {earlier.source}",
                    cure="give one of the two another id, or join them",
                )
            )


def _line(place: yaml.Node | yaml.Event) -> int:
    return place.start_mark.line + 1 if place.start_mark else 0


class _Reader:
    """Reads one file node by node, so that each complaint knows its line; constructs no object that YAML names."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems

    def complain(self, place: yaml.Node | yaml.Event | int, message: str, cure: str) -> None:
        line = place if isinstance(place, int) else _line(place)
        self.problems.append(_problem(self.path, line, message, cure))

    def entries(self) -> Iterator[Entry]:
        root = self.root()
        if root is None:
            return
        fields = self.mapping(root, FILE_KEYS, "the file")
        if fields is None:
            return
        language = self.language(root, fields.get("language"))
        nodes = fields.get("entries")
        if nodes is None:
            self.complain(root, "'entries' is missing", "add 'entries:' with a list of entries")
        elif not isinstance(nodes, yaml.SequenceNode):
            self.complain(nodes, "'entries' is not a list", "start each entry with '- id: …'")
        elif not nodes.value:
            self.complain(nodes, "'entries' is empty", "add an entry or remove the file")
        else:
            read = (self.entry(node, language) for node in nodes.value)
            yield from (entry for entry in read if entry is not None)

    def root(self) -> yaml.Node | None:
        """Compose the file's one document; None when it cannot be read (the problem is noted)."""
        text = self.content()
        root: yaml.Node | None = None
        if text is None:
            return None
        try:
            if not self.is_plain(text):
                return None
            root = yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            self.complain_yaml(text, error)
            return None
        except (yaml.YAMLError, ValueError) as error:
            self.complain(0, f"this is not YAML ({str(error).splitlines()[0]})", "remove the odd characters")
            return None
        if root is None:
            self.complain(0, "the file is empty", "add 'language:' and 'entries:', or remove the file")
        return root

    def content(self) -> str | None:
        raw = b""
        try:
            if self.path.stat().st_size > MAX_FILE_BYTES:
                self.complain(0, f"the file is larger than {MAX_FILE_BYTES} bytes", "split it into several files")
                return None
            raw = self.path.read_bytes()
            return raw.decode("utf-8-sig")
        except OSError as error:
            self.complain(0, f"the file cannot be read ({error.strerror})", "check the path and its permissions")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.complain(line, "the text is not UTF-8", "save the file as UTF-8")
        return None

    def is_plain(self, text: str) -> bool:
        """Refuse what an FAQ never needs before anything is built from it: anchors, aliases, deep nesting."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                self.complain(event, "anchors and aliases (& and *) are not read", "write it out, or put it in quotes")
                return False
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                self.complain(event, "the nesting is too deep", f"an entry has only the keys {EXAMPLE_KEYS}")
                return False
        return True

    def complain_yaml(self, text: str, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        lines = text.splitlines()
        cure = "check indentation, quotes and colons; text with ': ' or a leading special character needs quotes"
        if 0 < line <= len(lines) and "\t" in lines[line - 1]:
            cure = "replace the tab by spaces"
        self.complain(line, f"this is not YAML ({error.problem or error.context})", cure)

    def mapping(self, node: yaml.Node, known: Sequence[str], what: str) -> dict[str, yaml.Node] | None:
        if not isinstance(node, yaml.MappingNode):
            self.complain(node, f"{what} is not a mapping of keys to values", f"it has the keys {', '.join(known)}")
            return None
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in known:
                self.complain(
                    key, f"{what} has no key '{HARMFUL.sub('?', name[:60])}'", f"the keys are {', '.join(known)}"
                )
            elif name in fields:
                self.complain(key, f"'{name}' stands here twice", "remove one")
            else:
                fields[name] = value
        return fields

    def language(self, root: yaml.Node, node: yaml.Node | None) -> str:
        if node is None:
            self.complain(root, "'language' is missing", "add a line such as 'language: en'")
            return ""
        # The scalar's own text is taken: YAML would read Norwegian's `no` as false.
        if not isinstance(node, yaml.ScalarNode) or not LANGUAGE.fullmatch(node.value):
            self.complain(node, "'language' is not a language code", "write for example 'en' or 'nl'")
            return ""
        return str(node.value)

    def entry(self, node: yaml.Node, language: str) -> Entry | None:
        fields = self.mapping(node, (*TEXT_KEYS, *LIST_KEYS), "an entry")
        if fields is None:
            return None
        before = len(self.problems)
        for key in TEXT_KEYS:
            if key not in fields:
                self.complain(node, f"an entry has no '{key}'", f"add '{key}:'")
        texts = {key: self.text(fields[key], key) for key in TEXT_KEYS if key in fields}
        lists = {key: self.texts(fields[key], key) if key in fields else () for key in LIST_KEYS}
        for link in lists["links"]:
            if not link.startswith(("https://", "http://")):
                self.complain(fields["links"], "a link is no web address", "start it with https://")
        if len(self.problems) > before:
            return None
        return Entry(
            id=texts["id"],
            language=language,
            question=texts["question"],
            also=lists["also"],
            answer=texts["answer"],
            tags=lists["tags"],
            links=lists["links"],
            source=f"{self.path}:{_line(node)}",
            expect=lists["expect"],
            expect_not=lists["expect_not"],
            expectation_lines=tuple(
                _line(item) for key in EXPECTATION_KEYS if key in fields for item in fields[key].value
            ),
        )

    def text(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.complain(node, f"'{key}' is not a text", "write one text, in quotes if need be")
            return ""
        value = str(node.value).strip()
        kind = node.tag.rpartition(":")[2]
        if not value:
            self.complain(node, f"'{key}' is empty", "write a text or remove it")
        elif (odd := HARMFUL.search(value)) is not None:
            name = f"U+{ord(odd[0]):04X}"
            self.complain(
                node, f"'{key}' holds the control character {name}", "remove it, it shows people another text"
            )
        elif kind != "str" and key != "id":
            self.complain(node, f"'{key}' is read as {kind}, not as text", "put it in quotes")
        return value

    def texts(self, node: yaml.Node, key: str) -> tuple[str, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, f"'{key}' is not a list", "write '[one, two]' or one '- text' a line")
            return ()
        texts = []
        for item in node.value:
            if key == "also" and isinstance(item, yaml.ScalarNode) and not item.value.strip():
                # Exports of older systems hold such lines; they can match nothing, so they stop nobody either.
                logger.warning(
                    "%s:%d: an empty phrasing is skipped; remove it.",
                    self.path,
                    _line(item),
                    extra={"action": "phrasing_skipped"},
                )
                continue
            texts.append(self.text(item, key))
        return tuple(texts)
