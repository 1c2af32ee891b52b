"""HTML as Freshdesk keeps it, and the text that it reads off it."""

from __future__ import annotations

import html
from html.parser import HTMLParser


class _Cleaner(HTMLParser):
    """Leaves what an agent may see: neither scripts nor comments nor handlers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.html: list[str] = []
        self.text: list[str] = []
        self._within = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._within += 1
            return
        kept = "".join(f' {k}="{html.escape(v or "")}"' for k, v in attrs if k in {"href", "src", "alt", "class"})
        self.html.append(f"<{tag}{kept}>")
        if tag in {"br", "p", "div", "li"} and self.text:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._within -= 1
        elif tag not in {"br", "img"}:
            self.html.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.html.append(html.escape(data, quote=False))
            self.text.append(data.replace("\n", " "))


def cleaned(given: str) -> tuple[str, str]:
    """The HTML that is kept, and its text."""
    cleaner = _Cleaner()
    cleaner.feed(given)
    cleaner.close()
    return f"<div>{''.join(cleaner.html)}</div>", "".join(cleaner.text).strip()
