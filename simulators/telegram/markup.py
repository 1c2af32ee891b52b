"""The parse modes of the Bot API: a text with markup becomes a plain text and its entities, or a strict error."""

import html
import re

from simulators.telegram.entities import units
from simulators.telegram.wire import ApiError, Json, bad_request

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
_HTML_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z0-9-]*)(?P<rest>[^<>]*)>|(?P<open><)")
_HREF = re.compile(r"""\s*href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE)
_CHARACTER_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_MARKDOWN_V2 = {
    "*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "`": "code", "```": "pre",
}  # fmt: skip
_MARKDOWN = {"*": "bold", "_": "italic", "`": "code", "```": "pre"}
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_LINK_END = re.compile(r"\]\(((?:\\.|[^\\)])*)\)", re.DOTALL)


def parse(text: str, mode: str) -> tuple[str, list[Json]]:
    """Return the plain text and its entities for ``HTML``, ``MarkdownV2`` or ``Markdown``. Raises `ApiError`."""
    match mode.lower():
        case "":
            return text, []
        case "html":
            return _Html().parse(text)
        case "markdownv2":
            return _Markdown(_MARKDOWN_V2, _RESERVED).parse(text)
        case "markdown":
            return _Markdown(_MARKDOWN, frozenset()).parse(text)
        case _:
            raise bad_request("unsupported parse_mode")


def _unparsable(text: str) -> ApiError:
    return bad_request(f"can't parse entities: {text}")


def _at(text: str, position: int) -> str:
    return f"at byte offset {len(text[:position].encode())}"


class _Builder:
    """Collects plain text and closes entities over it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.entities: list[Json] = []

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += units(text)

    def close(self, kind: str, start: int, **extra: str) -> None:
        if self.length > start:
            self.entities.append({"type": kind, "offset": start, "length": self.length - start, **extra})

    def result(self) -> tuple[str, list[Json]]:
        return "".join(self.parts), sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))


class _Html(_Builder):
    """Telegram's small HTML."""

    def parse(self, text: str) -> tuple[str, list[Json]]:
        opened: list[tuple[str, int, dict[str, str]]] = []
        position = 0
        for token in _HTML_TOKEN.finditer(text):
            self._text(text[position : token.start()])
            position = token.end()
            if token["open"]:
                raise _unparsable(f"Unclosed start tag {_at(text, token.start())}")
            name = token["name"].lower()
            if not token["end"]:
                if name not in _TAGS:
                    raise _unparsable(f'Unsupported start tag "{name}" {_at(text, token.start())}')
                opened.append((name, self.length, _attributes(name, token["rest"])))
                continue
            if not opened:
                raise _unparsable(f"Unexpected end tag {_at(text, token.start())}")
            expected, start, extra = opened.pop()
            if name not in ("", expected):
                where = _at(text, token.start())
                raise _unparsable(f'Unmatched end tag {where}, expected "</{expected}>", found "</{name}>"')
            # A link without an address is plain text, as in the real parser.
            if expected != "a" or extra:
                self.close(_TAGS[expected], start, **extra)
        self._text(text[position:])
        if opened:
            raise _unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
        return self.result()

    def _text(self, text: str) -> None:
        self.add(_CHARACTER_REFERENCE.sub(lambda match: html.unescape(match.group()), text))


def _attributes(name: str, rest: str) -> dict[str, str]:
    match = _HREF.match(rest) if name == "a" else None
    return {"url": html.unescape(match[1] or match[2] or match[3] or "")} if match else {}


class _Markdown(_Builder):
    """MarkdownV2, and the older Markdown as the same grammar with fewer marks and no reserved characters."""

    def __init__(self, marks: dict[str, str], reserved: frozenset[str]) -> None:
        super().__init__()
        self._marks = marks
        self._reserved = reserved
        self._opened: list[tuple[str, int, int]] = []

    def parse(self, text: str) -> tuple[str, list[Json]]:
        position = 0
        while position < len(text):
            position = self._step(text, position)
        if self._opened:
            mark, _, begun = self._opened[-1]
            raise self._unfinished(mark, text, begun)
        return self.result()

    def _step(self, text: str, position: int) -> int:
        character = text[position]
        if character == "\\" and position + 1 < len(text) and ord(text[position + 1]) < 127:
            self.add(text[position + 1])
            return position + 2
        in_code = self._opened and self._opened[-1][0] in {"`", "```"}
        mark = next((mark for mark in ("```", "__", "||", *"*_~`") if text.startswith(mark, position)), "")
        if mark in self._marks and (not in_code or mark == self._opened[-1][0]):
            self._toggle(mark, position)
            return position + len(mark)
        if not in_code and character == "[":
            self._opened.append(("[", self.length, position))
            return position + 1
        if not in_code and character == "]" and self._opened and self._opened[-1][0] == "[":
            return self._link(text, position)
        if not in_code and character in self._reserved and not self._starts_quote(text, position):
            raise _unparsable(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")
        self.add("" if character == ">" and self._starts_quote(text, position) else character)
        return position + 1

    def _starts_quote(self, text: str, position: int) -> bool:
        return bool(self._reserved) and text[position] == ">" and (position == 0 or text[position - 1] == "\n")

    def _toggle(self, mark: str, position: int) -> None:
        if self._opened and self._opened[-1][0] == mark:
            _, start, _ = self._opened.pop()
            self.close(self._marks[mark], start)
        else:
            self._opened.append((mark, self.length, position))

    def _link(self, text: str, position: int) -> int:
        _, start, begun = self._opened.pop()
        match = _LINK_END.match(text, position)
        if match is None:
            raise self._unfinished("[", text, begun)
        self.close("text_link", start, url=match[1].replace("\\", ""))
        return match.end()

    def _unfinished(self, mark: str, text: str, begun: int) -> ApiError:
        name = {"[": "TextUrl"}.get(mark, self._marks.get(mark, "").capitalize())
        offset = len(text[:begun].encode())
        if self._reserved:
            return _unparsable(f"Can't find end of {name} entity at byte offset {offset}")
        return _unparsable(f"Can't find end of the entity starting at byte offset {offset}")
