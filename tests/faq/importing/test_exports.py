"""What helpdesks and other bots export as JSON; the keys are those of their API's documentation."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faq.importing import FORMATS, SourceError, read

if TYPE_CHECKING:
    from pathlib import Path

    from faq.importing import Imported


def zendesk_article(**changes: Any) -> dict[str, Any]:
    return {
        "id": 360001234,
        "url": "https://acme.zendesk.com/api/v2/help_center/en-us/articles/360001234.json",
        "html_url": "https://acme.zendesk.com/hc/en-us/articles/360001234-Reset-your-password",
        "author_id": 1,
        "comments_disabled": False,
        "draft": False,
        "promoted": False,
        "position": 0,
        "vote_sum": 3,
        "vote_count": 5,
        "section_id": 360000001,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "name": "Reset your password",
        "title": "Reset your password",
        "source_locale": "en-us",
        "locale": "en-us",
        "outdated": False,
        "outdated_locales": [],
        "edited_at": "2026-01-01T00:00:00Z",
        "user_segment_id": None,
        "permission_group_id": 2,
        "content_tag_ids": [],
        "label_names": ["password", "login"],
        "body": '<p>Open <a href="https://acme.com/reset">this page</a>.</p><p><img src="a.png"></p>',
    } | changes


def freshdesk_article(**changes: Any) -> dict[str, Any]:
    return {
        "id": 4,
        "type": 1,
        "status": 2,
        "agent_id": 432,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "category_id": 2,
        "folder_id": 3,
        "title": "Changing account details",
        "description": "<ol><li>Select <b>details</b>.</li><li>Click <i>save</i>.</li></ol>",
        "description_text": "Select details. Click save.",
        "seo_data": {"meta_title": "", "meta_description": ""},
        "tags": ["account"],
        "attachments": [],
        "cloud_files": [],
        "thumbs_up": 0,
        "thumbs_down": 0,
        "hits": 0,
        "suggested": 0,
        "feedback_count": 0,
    } | changes


def imported(tmp_path: Path, *documents: Any, name: str = "articles.json") -> Imported:
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(document) for document in documents), encoding="utf-8")
    return read(path)


def reasons(found: Imported) -> list[str]:
    return [note.reason for note in found.notes if note.kind == "left_out"]


def test_a_page_of_zendesk_s_articles(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        {
            "count": 4,
            "next_page": None,
            "articles": [
                zendesk_article(),
                zendesk_article(id=2, draft=True),
                zendesk_article(id=3, user_segment_id=55),
                zendesk_article(id=4, body=None),
                zendesk_article(id=5, title="Old", outdated=True),
            ],
        },
    )
    first, second = found.entries
    assert (first.id, first.language, first.question) == ("zendesk-360001234", "en", "Reset your password")
    assert first.answer == "Open this page (https://acme.com/reset)."
    assert first.tags == ("password", "login")
    assert first.links == ("https://acme.zendesk.com/hc/en-us/articles/360001234-Reset-your-password",)
    assert first.source == "articles.json, article 360001234 (en-us)"
    assert second.id == "zendesk-5"
    assert reasons(found) == ["a draft", "not public: Zendesk shows it to some users only", "an empty answer"]
    warnings = [(note.source[15:], note.reason) for note in found.notes if note.kind == "warning"]
    assert ("article 360001234 (en-us)", "an image was dropped") in warnings
    assert ("article 5 (en-us)", "marked as outdated in Zendesk") in warnings


def test_zendesk_s_translations_share_the_article_s_id(tmp_path: Path) -> None:
    translation = {"id": 77, "source_id": 360001234, "source_type": "Article", "outdated": False, "draft": False}
    dutch = translation | {"locale": "nl", "title": "Wachtwoord vergeten", "body": "<p>Zo.</p>"}
    english = translation | {"locale": "en-us", "title": "Reset your password", "body": zendesk_article()["body"]}
    section = translation | {"source_type": "Section", "source_id": 9, "locale": "nl", "title": "Geld", "body": "x"}
    found = imported(
        tmp_path,
        {"articles": [zendesk_article()], "translations": [english, dutch, section]},
        {"translation": dutch | {"locale": "de", "draft": True}},
    )
    assert [(entry.id, entry.language, entry.tags) for entry in found.entries] == [
        ("zendesk-360001234", "en", ("password", "login")),
        ("zendesk-360001234", "nl", ("password", "login")),
    ]
    assert reasons(found) == ["a draft"]


def test_several_pages_one_after_another_and_in_a_folder(tmp_path: Path) -> None:
    pages = [{"articles": [zendesk_article(id=i, title=f"Number {i}?")]} for i in (1, 2, 1)]
    found = imported(tmp_path, *pages, name="pages.jsonl")
    assert [entry.id for entry in found.entries] == ["zendesk-1", "zendesk-2"]
    assert not reasons(found)
    (tmp_path / "more.json").write_text(json.dumps(zendesk_article(id=3, title="Three?")), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no", encoding="utf-8")
    assert [entry.id for entry in read(tmp_path).entries] == ["zendesk-3", "zendesk-1", "zendesk-2"]


def test_freshdesk_s_articles(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        [
            freshdesk_article(),
            freshdesk_article(id=5, status=1),
            freshdesk_article(id=6, title="Paying", description=None, description_text="By card."),
            freshdesk_article(
                id=4,
                title="Gegevens wijzigen",
                hierarchy=[{"level": 0, "type": "category", "data": {"id": 2, "name": "x", "language": "nl"}}],
            ),
        ],
    )
    assert [(entry.id, entry.language, entry.answer) for entry in found.entries] == [
        ("freshdesk-4", "en", "1. Select **details**.\n2. Click save."),
        ("freshdesk-6", "en", "By card."),
        ("freshdesk-4", "nl", "1. Select **details**.\n2. Click save."),
    ]
    assert found.entries[0].tags == ("account",)
    assert reasons(found) == ["a draft"]


def test_freshdesk_s_tree_and_who_may_see_it(tmp_path: Path) -> None:
    folders = [
        {"id": 3, "name": "Public", "visibility": 1, "articles": [freshdesk_article()]},
        {"id": 4, "name": "Agents", "visibility": 3, "articles": [freshdesk_article(id=8, title="Secret")]},
        {"id": 5, "visibility": 3, "sub_folders": [{"id": 6, "articles": [freshdesk_article(id=9, title="Inner")]}]},
    ]
    found = imported(tmp_path, {"categories": [{"id": 2, "name": "General", "folders": folders}]})
    assert [entry.id for entry in found.entries] == ["freshdesk-4"]
    assert reasons(found) == ["not public: Freshdesk shows its folder to some users only"] * 2


@pytest.mark.parametrize(
    "document",
    [
        [{"question": "Why?", "answer": "So.", "also": ["how come"], "tags": ["a"]}],
        {"faqs": [{"Question": "Why?", "Answer": "So.", "alternatives": "how come", "labels": "a"}]},
        {"data": {"items": [{"q": "Why?", "a": "<p>So.</p>", "variants": ["how come"], "category": "a"}]}},
        {"questions": ["Why?", "how come"], "answers": ["So."], "tags": "a"},
        {
            "qnas": [
                {
                    "id": "x",
                    "data": {
                        "action": "text",
                        "contexts": ["global"],
                        "enabled": True,
                        "questions": {"en": ["Why?", "how come"]},
                        "answers": {"en": ["So."]},
                        "tags": "a",
                    },
                }
            ]
        },
    ],
)
def test_lists_of_questions_and_answers(tmp_path: Path, document: Any) -> None:
    (entry,) = imported(tmp_path, document).entries
    assert (entry.question, entry.also, entry.answer, entry.tags) == ("Why?", ("how come",), "So.", ("a",))
    assert entry.id in {"why", "x"}


def test_what_is_switched_off_or_has_several_answers(tmp_path: Path) -> None:
    item = {"questions": {"en": ["Why?"], "nl": ["Waarom?"]}, "answers": {"en": ["So.", "Well."], "nl": []}}
    found = imported(tmp_path, [{"id": "1", "data": item}, {"id": "2", "data": item | {"enabled": False}}])
    assert [(entry.id, entry.language) for entry in found.entries] == [("1", "en")]
    assert reasons(found) == ["an empty answer", "switched off", "switched off"]
    assert "only the first of several answers was taken" in [note.reason for note in found.notes]


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        ('[{"frage_nr": 1, "text": "x"}]', 0, "the keys are 'frage_nr', 'text'"),
        ("[]", 0, "the keys are none"),
        ('[\n{"question": }]', 2, "this is not JSON"),
        ("[" * 100_000, 1, "nested too deeply"),
        ('{"question": ' + "9" * 5000 + "}", 1, "an endless number"),
        ("<html>", 1, "this is not JSON"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, raw: str, line: int, said: str) -> None:
    path = tmp_path / "faq.json"
    path.write_text(raw, encoding="utf-8")
    with pytest.raises(SourceError, match=said) as caught:
        read(path)
    assert caught.value.problems[0].line == line


_KEYS = st.sampled_from(
    [
        "articles", "translations", "title", "body", "locale", "draft", "id", "source_id", "section_id",
        "description", "folder_id", "status", "visibility", "question", "answer", "questions", "answers",
        "data", "faqs", "also", "tags", "hierarchy", "enabled", "label_names",
    ]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("<p>a</p>"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=8),
    max_leaves=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=_VALUES, form=st.sampled_from([None, *FORMATS]))
def test_any_json_is_read_or_refused(tmp_path: Path, document: Any, form: Any) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with contextlib.suppress(SourceError):
        read(path, form)
