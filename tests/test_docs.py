"""The documentation says what is so: links lead somewhere, commands and targets exist, examples load."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from fluent.syntax import FluentParser, ast

from adapters import registry as channels
from bots.cli.program import app
from config import settings
from faq import entries
from ticket_client import registry as desks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/**/*.md")])
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?:^|\s|bin/)(?<!-u )firstline(?= )(.*)")
_TARGET = re.compile(r"(?:^|\s)make ([a-z-]+)")
_VARIABLE = re.compile(r"\b(FIRSTLINE_[A-Z0-9_]*__[A-Z0-9_]+)=(\S+)")
_LONGEST_DECISION = 40  # lines
_LARGEST_IMAGE_BYTES = 150_000


def _named(pages: list[Path]) -> list[Any]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


every_page = pytest.mark.parametrize("page", _named(PAGES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page."""

    page: Path
    language: str
    text: str


def _blocks(page: Path) -> list[Block]:
    found = _FENCED.finditer(page.read_text(encoding="utf-8"))
    return [Block(page=page, language=match[2], text=textwrap.dedent(match[3])) for match in found]


def _every(language: str) -> list[Any]:
    blocks = [block for page in PAGES for block in _blocks(page) if block.language == language]
    return [pytest.param(block, id=f"{block.page.name}-{i}") for i, block in enumerate(blocks)]


def _code(page: Path) -> list[str]:
    """Every line of code of a page: of its blocks that are shell or plain, and between backticks."""
    text = page.read_text(encoding="utf-8")
    shell = [line for block in _blocks(page) if not block.language for line in block.text.splitlines()]
    return shell + _INLINE.findall(_FENCED.sub("", text))


def _heading_ids(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _load(file: Path | None, environ: Mapping[str, str]) -> settings.Settings:
    return settings.load(
        file,
        environ=environ,
        channel_section=lambda kind: channels.channel(kind).Settings,
        channel_kinds=channels.kinds(),
        desk_section=lambda kind: desks.desk(kind).Settings,
        desk_kinds=desks.kinds(),
    )


def test_the_pages_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "telegram.md", "architecture.md"} <= {page.name for page in PAGES}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    text = _INLINE.sub("", _FENCED.sub("", page.read_text(encoding="utf-8")))
    for link in _LINK.findall(text):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if fragment:
            assert fragment in _heading_ids(target), f"{link}: no heading of {target.name} has this name"


@every_page
def test_every_command_line_is_one_the_program_knows(page: Path) -> None:
    for line in _code(page):
        for called in _COMMAND.findall(line):
            _follow(called, line)


def _follow(called: str, line: str) -> None:
    """Walk the command's words down the program's own commands; every option must be one of the command's."""
    command: Any = typer.main.get_command(app)
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    takes_value = {
        o for parameter in command.params if not getattr(parameter, "is_flag", False) for o in parameter.opts
    }
    words: Iterator[str] = iter(shlex.split(re.split(r"\s#|\||&&|;", called)[0]))
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("-") and name != "-":
            assert name in options, f"{line!r}: there is no option {name}"
            if name in takes_value and "=" not in word:
                next(words, None)
        elif subcommands := getattr(command, "commands", {}):
            assert word in subcommands, f"{line!r}: there is no command {word!r}"
            command = subcommands[word]
            options |= {option for parameter in command.params for option in parameter.opts}
            takes_value |= {
                o for parameter in command.params if not getattr(parameter, "is_flag", False) for o in parameter.opts
            }


@pytest.mark.parametrize("wrong", [" tickets close FL-1", " ledger --until 7d", " serve", " --config x tickets lst"])
def test_a_command_that_does_not_exist_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError, match="there is no"):
        _follow(wrong, wrong)


@every_page
def test_every_make_target_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in _code(page):
        for target in _TARGET.findall(line):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{line!r}: the Makefile has no target {target}"


@pytest.mark.parametrize("block", _every("toml"))
def test_every_configuration_loads(block: Block, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("123456:a-token-of-nobody", encoding="utf-8")
    secret.chmod(0o600)
    file = tmp_path / "firstline.toml"
    file.write_text(re.sub(r'(\w+_file) = ".*?"', rf'\1 = "{secret}"', block.text), encoding="utf-8")
    assert _load(file, {}).source == file


@every_page
def test_every_variable_is_one_of_a_key(page: Path) -> None:
    found = [pair for line in _code(page) for pair in _VARIABLE.findall(line)]
    if found:
        _load(None, {name: "123456:a-token-of-nobody" if value == "…" else value for name, value in found})


@pytest.mark.parametrize("block", _every("yaml"))
def test_every_faq_loads(block: Block, tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(block.text, encoding="utf-8")
    assert entries.load(tmp_path).entries


@pytest.mark.parametrize("block", _every("ftl"))
def test_every_sentence_replaces_one_of_ours(block: Block) -> None:
    ours = FluentParser().parse((ROOT / "bots" / "wording" / "en.ftl").read_text(encoding="utf-8"))
    known = {entry.id.name for entry in ours.body if isinstance(entry, ast.Message)}
    theirs = FluentParser().parse(block.text).body
    assert theirs
    assert all(isinstance(entry, ast.Message) and entry.id.name in known for entry in theirs)


def test_every_decision_is_short_complete_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    decisions = sorted(folder.glob("[0-9]*.md"))
    assert [page.name[:4] for page in decisions] == [f"{i:04}" for i in range(1, len(decisions) + 1)]
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert page.name in listed
        assert len(text.splitlines()) <= _LONGEST_DECISION, page.name
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Cost")), page.name


def test_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert all(picture.stat().st_size < _LARGEST_IMAGE_BYTES for picture in pictures)
