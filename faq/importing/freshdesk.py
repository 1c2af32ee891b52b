"""Freshdesk's solution articles, as its API gives them, alone or inside of their categories and folders.

The contract: https://developers.freshdesk.com/api/#solutions. An article names its language only in its hierarchy, if
at all; its translations are read under another address and share its id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faq.importing import html_text, json_text
from faq.importing.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LISTS = dict.fromkeys(
    ("categories", "category", "folders", "folder", "sub_folders", "subfolders", "articles", "article", "results"), ""
)
DRAFT = 1
PUBLIC = 1  # a folder's visibility; 2 logged-in users, 3 agents, 4 and above chosen companies or bots


def is_article(found: Mapping[str, Any]) -> bool:
    """Whether an object is an article."""
    own = "title" in found and bool({"description", "description_text"} & found.keys())
    return own and bool({"folder_id", "seo_data", "thumbs_up", "hits", "agent_id"} & found.keys())


def drafts(path: Path, document: Any) -> Iterator[Draft]:
    """Read a list of articles, or a tree of categories and folders that hold some."""
    for _, found, around in json_text.objects(document, LISTS):
        if is_article(found):
            yield _draft(path, found, around)


def _draft(path: Path, found: Mapping[str, Any], around: Sequence[Mapping[str, Any]]) -> Draft:
    number = json_text.text_in(found, "id")
    described = json_text.text_in(found, "description") or json_text.text_in(found, "description_text")
    answer = html_text.compose(described)
    return Draft(
        source=f"{path.name}, article {number}",
        question=json_text.text_in(found, "title"),
        answer=answer.markup(),
        key=f"freshdesk-{number}" if number else "",
        language=_language(found),
        tags=json_text.texts_in(found, "tags"),
        refusal=_refusal(found, around),
        remarks=answer.remarks(),
    )


def _language(found: Mapping[str, Any]) -> str:
    if own := json_text.text_in(found, "language") or json_text.text_in(found, "locale"):
        return own
    levels = found.get("hierarchy")
    for level in levels if isinstance(levels, list) else []:
        place = level.get("data") if isinstance(level, dict) else None
        if isinstance(place, dict) and (language := json_text.text_in(place, "language")):
            return language
    return ""


def _refusal(found: Mapping[str, Any], around: Sequence[Mapping[str, Any]]) -> str:
    if found.get("status") == DRAFT:
        return "a draft"
    shown = [place.get("visibility", place.get("folder_visibility")) for place in (found, *around)]
    if any(isinstance(one, int) and one != PUBLIC for one in shown):
        return "not public: Freshdesk shows its folder to some users only"
    return ""
