"""A Zendesk Help Center's articles, as its API gives them: `articles`, and `translations` of them.

The contract: https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faq.importing import html_text, json_text
from faq.importing.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LISTS = {
    "articles": "article",
    "article": "article",
    "results": "article",
    "translations": "translation",
    "translation": "translation",
}


def is_article(found: Mapping[str, Any]) -> bool:
    """Whether an object is an article or the translation of one."""
    own = {"title", "body", "locale"} <= found.keys()
    return own and bool({"section_id", "html_url", "source_id", "label_names", "draft"} & found.keys())


def drafts(path: Path, document: Any) -> Iterator[Draft]:
    """Read a page of the API's answer, or what several wrote into one list."""
    known: dict[str, Mapping[str, Any]] = {}
    for kind, found, around in json_text.objects(document, LISTS):
        if not is_article(found):
            continue
        article: Mapping[str, Any] = found
        if kind == "translation" or "source_id" in found:
            if json_text.text_in(found, "source_type").lower() not in {"article", ""}:
                continue
            outer = around[-1] if around and is_article(around[-1]) else {}
            article = known.get(json_text.text_in(found, "source_id"), outer)
            number = json_text.text_in(found, "source_id") or json_text.text_in(outer, "id")
        else:
            number = json_text.text_in(found, "id")
            known[number] = found
        yield _draft(path, number, found, article)


def _draft(path: Path, number: str, found: Mapping[str, Any], article: Mapping[str, Any]) -> Draft:
    answer = html_text.compose(json_text.text_in(found, "body"))
    locale = json_text.text_in(found, "locale")
    address = json_text.text_in(found, "html_url")
    outdated = ("marked as outdated in Zendesk",) if found.get("outdated") is True else ()
    return Draft(
        source=f"{path.name}, article {number} ({locale})",
        question=json_text.text_in(found, "title"),
        answer=answer.markup(),
        key=f"zendesk-{number}" if number else "",
        language=locale,
        tags=json_text.texts_in(article, "label_names"),
        links=(address,) if address else (),
        refusal=_refusal(found, article),
        remarks=(*answer.remarks(), *outdated),
    )


def _refusal(found: Mapping[str, Any], article: Mapping[str, Any]) -> str:
    if found.get("draft") is True:
        return "a draft"
    if article.get("user_segment_id") is not None or article.get("user_segment_ids"):
        return "not public: Zendesk shows it to some users only"
    return ""
