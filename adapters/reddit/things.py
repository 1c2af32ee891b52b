"""Reddit's submissions and comments, from the JSON of listings and look-ups to what the bot needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from adapters.base import Attachment
from adapters.reddit import media
from adapters.reddit.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMENT: Final = "t1"
SUBMISSION: Final = "t3"
_NOBODY: Final = frozenset({"", "[deleted]", "[removed]"})
_REMOVED: Final = frozenset({"[removed]", "[ Removed by Reddit ]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A submission (`parent_id` and `link_id` "") or a comment; ids are Reddit's fullnames, the bodies Markdown.

    `author_id` is "" where the author is gone. `edited` is when it was changed last, in s since 1970, or 0.
    """

    id: str
    author_id: str
    author_name: str
    title: str = ""
    text: str
    link_id: str = ""
    parent_id: str = ""
    subreddit: str
    created_at: datetime
    edited: int = 0
    is_by_submitter: bool = False
    is_distinguished: bool = False
    is_locked: bool = False
    is_archived: bool = False
    gone: Literal["", "deleted", "removed"] = ""
    flair: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment."""
        return self.id.startswith(COMMENT)

    @property
    def submission_id(self) -> str:
        """The submission it belongs to, which may be itself."""
        return self.link_id or self.id


def read(child: object) -> Thing:
    """The thing in a listing's ``{"kind": …, "data": {…}}``. Raises `ValueError`, `KeyError` or `TypeError`."""
    if not isinstance(child, dict) or child.get("kind") not in {COMMENT, SUBMISSION}:
        raise ValueError("neither a comment nor a submission")
    data: Mapping[str, Any] = child["data"]
    is_comment = child["kind"] == COMMENT
    body = data["body"] if is_comment else data.get("selftext") or ""
    author = str(data.get("author") or "")
    edited = data.get("edited")
    return Thing(
        id=_fullname(data["name"], child["kind"]),
        author_id=_author_id(data.get("author_fullname")) if author not in _NOBODY else "",
        author_name="" if author in _NOBODY else clean(author),
        title="" if is_comment else clean(str(data["title"])),
        text=str(body),
        link_id=_fullname(data["link_id"], SUBMISSION) if is_comment else "",
        parent_id=str(data["parent_id"]) if is_comment else "",
        subreddit=str(data["subreddit"]),
        created_at=datetime.fromtimestamp(float(data["created_utc"]), UTC),
        # The oldest edits are a bare `true`.
        edited=int(edited) if isinstance(edited, int | float) and edited is not True else int(edited is True),
        is_by_submitter=data.get("is_submitter") is True,
        is_distinguished=data.get("distinguished") == "moderator",
        is_locked=data.get("locked") is True,
        is_archived=data.get("archived") is True,
        gone=_gone(data, author, str(body)),
        flair=clean(str(data.get("link_flair_text") or "")) if not is_comment else "",
        attachments=media.attachments(data),
    )


def _fullname(value: object, kind: str) -> str:
    if not isinstance(value, str) or not value.startswith(f"{kind}_"):
        raise ValueError(f"no {kind}_ fullname")
    return value


def _author_id(value: object) -> str:
    """The fullname; where Reddit names somebody without it, nobody can say whether that is the same person again."""
    return value if isinstance(value, str) and value.startswith("t2_") else ""


def _gone(data: Mapping[str, Any], author: str, body: str) -> Literal["", "deleted", "removed"]:
    """What a reader would find in its place; moderators are still shown what they removed."""
    category = data.get("removed_by_category")
    if category == "deleted" or (author in _NOBODY and body in _NOBODY - _REMOVED):
        return "deleted"
    taken = data.get("removed") is True or data.get("spam") is True or bool(data.get("banned_by"))
    return "removed" if category or taken or body.strip() in _REMOVED else ""
