"""The part of X's query language that search and stream rules need: words, phrases, operators, `-`, `OR`."""

import re

from simulators.twitter.world import Post, World

_TERM = re.compile(r'(-?)(?:(from|to|conversation_id|is|lang|has):)?("[^"]*"|[^\s"]+)')


class Query:
    """A query or rule: alternatives separated by OR, each of terms that must all fit. Brackets are not supported."""

    def __init__(self, text: str) -> None:
        alternatives = re.split(r"\s+OR\s+", text.strip())
        self._alternatives = [_TERM.findall(alternative) for alternative in alternatives]

    def fits(self, post: Post, world: World) -> bool:
        """Return whether a post fits."""
        return any(terms and all(_holds(term, post, world) for term in terms) for terms in self._alternatives)


def _holds(term: tuple[str, str, str], post: Post, world: World) -> bool:
    minus, kind, value = term
    return _fits(kind, value.strip('"'), post, world) != bool(minus)


def _fits(kind: str, value: str, post: Post, world: World) -> bool:  # noqa: PLR0911  one line an operator
    if kind == "from":
        return _is(world, post.author_id, value)
    if kind == "to":
        return _is(world, post.reply_to_user, value)
    if kind == "conversation_id":
        return post.conversation_id == value
    if kind == "lang":
        return post.lang == value
    if kind:
        held = {"is:reply": post.reply_to, "is:quote": post.quotes, "has:links": post.writing.links}
        return bool((held | {"has:mentions": post.mentions}).get(f"{kind}:{value}"))
    if value.startswith("@"):
        return any(_is(world, user_id, value[1:]) for user_id in post.mentions)
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", post.writing.shown, re.IGNORECASE) is not None


def _is(world: World, user_id: str, name: str) -> bool:
    user = world.users.get(user_id)
    return user is not None and name.lower().removeprefix("@") in (user.id, user.username.lower())
