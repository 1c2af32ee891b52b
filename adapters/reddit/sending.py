"""Posting: the look just before, the footer, and the look for what was perhaps posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from praw.endpoints import API_PATH

from adapters.base import MaybePosted, Rejected, Unreachable
from adapters.markup import render
from adapters.reddit import modmail, things
from adapters.reddit.places import letter
from adapters.reddit.text import MAX_BODY, written
from adapters.reddit.wire import FAILURES, GONE, AmbiguousWrite, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    import praw

    from adapters.base import IncomingMessage, Reply, Surroundings
    from adapters.reddit.places import Account
    from adapters.reddit.settings import Settings
    from adapters.reddit.things import Thing
    from adapters.reddit.wire import Line

_FOOTERS: Final = {
    "en": ("I am a bot.", "Write to us in private", "Do not answer me again", "Reply `!stop` and I leave you alone."),
    "nl": (
        "Ik ben een bot.",
        "Schrijf ons privé",
        "Antwoord mij niet meer",
        "Antwoord `!stop` en ik laat je met rust.",
    ),
}
_RULE: Final = "\n\n---\n\n"  # nothing that is written above it can look like it
_PAGE: Final = 100
_MAX_PAGES: Final = 10
_SHOWN: Final = 900  # Reddit shows no more than 1,000 things of a listing, less what was deleted of them
STAFF_SUBJECT: Final = "Your !ticket commands"


class Sending:
    """One account's writes, through a line of their own."""

    def __init__(self, line: Line, name: str, settings: Settings, surroundings: Surroundings) -> None:
        self._line, self._name, self._settings, self._surroundings = line, name, settings, surroundings

    # --- posting ----------------------------------------------------------------------------------------------------

    async def post(self, reply: Reply, account: Account) -> str:
        """Post one reply. Raises `ChannelError`."""
        address = reply.target.address
        if "parent" not in address:
            return await self._write_letter(reply)
        parent = reply.follows or address["parent"]
        await self._ensure_open({parent, address["link"]}, parent)
        body = self.body(reply, account)
        try:
            return await self._line.call(lambda reddit: _comment(reddit, parent, body))
        except FAILURES as error:
            raise outcome(error) from error

    async def _ensure_open(self, fullnames: set[str], parent: str) -> None:
        """Look at what is answered as it is now. Raises `Rejected` where nobody may or should answer it any more."""
        try:
            answer = await self._get(API_PATH["info"], id=",".join(sorted(fullnames)))
            found = {thing.id: thing for thing in map(things.read, answer["data"]["children"])}
        except FAILURES as error:
            known = outcome(error)
            # A look that says nothing has posted nothing either.
            raise (Unreachable(str(known)) if isinstance(known, MaybePosted) else known) from error
        if parent not in found:
            raise Rejected("Reddit: what would be answered is not there any more.")
        for thing in found.values():
            if why := closed(thing):
                raise Rejected(f"Reddit: {why}")

    def body(self, reply: Reply, account: Account) -> str:
        """What is posted: the text, and below a public one that a bot wrote it."""
        footer = self._footer(reply, account) if "parent" in reply.target.address else ""
        return written(reply.text, room=MAX_BODY - len(footer)) + footer

    def _footer(self, reply: Reply, account: Account) -> str:
        address = reply.target.address
        if not self._settings.footer:
            return ""
        if self._settings.footer_text:
            return f"{_RULE}{self._settings.footer_text}"
        bot, private, stop, by_reply = _FOOTERS.get(address.get("language", ""), _FOOTERS["en"])
        if "modmail" not in address:
            return f"{_RULE}*{bot}* {by_reply}"
        write_to = letter(account, address["subreddit"], "Support")
        leave = letter(account, address["subreddit"], "Stop", "!stop")
        links = [f"[{stop}]({leave})"] if _says_where(reply) else [f"[{private}]({write_to})", f"[{stop}]({leave})"]
        return f"{_RULE}*{bot}* {' · '.join(links)}"

    # --- modmail ----------------------------------------------------------------------------------------------------

    async def _write_letter(self, reply: Reply) -> str:
        body = written(reply.text)
        address = reply.target.address
        try:
            conversation = await self._conversation_of(reply)
            if not conversation:
                return await self._open_conversation(reply, body)
            form = {
                "body": body,
                "isAuthorHidden": self._settings.author_hidden and "internal" not in address,
                "isInternal": "internal" in address,
            }
            answer = await self._post(API_PATH["modmail_conversation"].format(id=conversation), form)
            return f"{conversation}/{_last_letter(answer)}"
        except FAILURES as error:
            raise outcome(error) from error

    async def _conversation_of(self, reply: Reply) -> str:
        """The conversation to write in; "" where it is still to be opened."""
        address = reply.target.address
        if "conversation" in address:
            return address["conversation"]
        return await self._surroundings.load_state(self._key(address)) or ""

    def _key(self, address: Mapping[str, str]) -> str:
        return f"{self._name}:staff:{address['subreddit'].lower()}:{address['recipient_id']}"

    async def _open_conversation(self, reply: Reply, body: str) -> str:
        """Write to a moderator for the first time; later letters go there too."""
        address = reply.target.address
        form = {
            "body": body,
            "isAuthorHidden": False,
            "srName": address["subreddit"],
            "subject": STAFF_SUBJECT,
            "to": address["recipient"],
        }
        answer = await self._post(API_PATH["modmail_conversations"], form)
        conversation = str(answer["conversation"]["id"])
        await self._surroundings.save_state(self._key(address), conversation)
        return f"{conversation}/{_last_letter(answer)}"

    # --- looking ----------------------------------------------------------------------------------------------------

    async def find(self, reply: Reply, account: Account) -> str | None:
        """The id of a reply that was perhaps posted. Raises `ChannelError`."""
        try:
            if "parent" in reply.target.address:
                return await self._own_comment(reply, account)
            return await self._own_letter_if_open(reply, account)
        except FAILURES as error:
            raise outcome(error) from error

    async def _own_comment(self, reply: Reply, account: Account) -> str | None:
        """Among all of the account's comments: no thread is too long for that, as its own tree can be.

        Page by page, as far back as what is answered; where Reddit does not show them that far, nobody can say.
        """
        parent = reply.follows or reply.target.address["parent"]
        path = f"user/{account.username}/comments/"
        forms = _forms(reply)
        asked_at, after, number = None, "", 0
        for _ in range(_MAX_PAGES):
            listed = (await self._get(path, limit=_PAGE, sort="new", **({"after": after} if after else {})))["data"]
            own = [child["data"] for child in listed["children"]]
            for one in own:
                if one.get("parent_id") == parent and _words(str(one["body"])) in forms:
                    return str(one["name"])
            if after and not own:
                break  # what stood above was deleted a moment ago, and Reddit shows nothing below that
            number += len(own)
            after = listed.get("after") or ""
            if not after and number < _SHOWN:
                return None
            asked_at = await self._made_at(parent) if asked_at is None else asked_at
            if float(own[-1]["created_utc"]) < asked_at:
                return None
            if not after:
                break
        raise Rejected("Reddit does not show the account's comments further back: look whether it is there.")

    async def _made_at(self, fullname: str) -> float:
        """When it was written (s since 1970); 0 where Reddit has it no more."""
        children = (await self._get(API_PATH["info"], id=fullname))["data"]["children"]
        return float(children[0]["data"]["created_utc"]) if children else 0.0

    async def _own_letter_if_open(self, reply: Reply, account: Account) -> str | None:
        try:
            return await self._own_letter(reply, account)
        except GONE:
            return None  # nor can anything be posted there any more

    async def _own_letter(self, reply: Reply, account: Account) -> str | None:
        conversation = await self._conversation_of(reply) or await self._lost_conversation(reply, account)
        if not conversation:
            return None
        read = modmail.read(await self._get(API_PATH["modmail_conversation"].format(id=conversation)))
        forms = _forms(reply)
        own = (one for one in reversed(read.letters) if one.author_id == account.id)
        posted = next((one.id for one in own if _words(one.text) in forms), None)
        return f"{conversation}/{posted}" if posted else None

    async def _lost_conversation(self, reply: Reply, account: Account) -> str:
        """The conversation that was perhaps opened, and is known from now on."""
        address = reply.target.address
        answer = await self._get(API_PATH["modmail_conversations"], entity=address["subreddit"], limit=100, state="all")
        for one in answer["conversations"].values():
            people = {modmail.user_id(author.get("id")) for author in (*one["authors"], one.get("participant") or {})}
            if one["subject"] == STAFF_SUBJECT and {account.id, address["recipient_id"]} <= people:
                await self._surroundings.save_state(self._key(address), str(one["id"]))
                return str(one["id"])
        return ""

    async def _get(self, path: str, **params: str | int) -> Any:
        return await self._line.call(lambda reddit: reddit.request(method="GET", path=path, params=params))

    async def _post(self, path: str, form: Mapping[str, Any]) -> Any:
        return await self._line.call(lambda reddit: reddit.request(method="POST", path=path, data=dict(form)))

    async def remove(self, message: IncomingMessage) -> bool:
        """Take somebody's comment or submission away. Raises `ChannelError`."""
        fullname = message.message_ref.get("id", "")
        if not fullname:
            return False
        form = {"id": fullname, "spam": False, "mod_note": ""}
        try:
            await self._post(API_PATH["remove"], form)
        except GONE:
            return False
        except FAILURES as error:
            raise outcome(error) from error
        return True


def closed(thing: Thing) -> str:
    """Why nobody answers this any more, or ""."""
    what = "the comment" if thing.is_comment else "the submission"
    if thing.gone:
        return f"{what} was {thing.gone}."
    if not thing.author_id:
        return f"the author of {what} has gone."
    if thing.is_archived:
        return f"{what} is archived: Reddit takes no more answers."
    return f"{what} is locked: nobody may answer." if thing.is_locked else ""


def _says_where(reply: Reply) -> bool:
    """Whether the text itself has the link to the private place."""
    before_number = reply.target.private_url.partition("{number}")[0]
    return before_number != "" and before_number in render(reply.text).text


def _words(body: str) -> str:
    """What has to be the same in a text that Reddit has stored: not its white space, nor the footer of that day."""
    return " ".join(body.partition(_RULE)[0].split())


def _forms(reply: Reply) -> set[str]:
    """The words of a reply in the ways they may have been posted: how much room there was depends on the footer."""
    return {_words(written(reply.text)), _words(written(reply.text, room=0))}


def _comment(reddit: praw.Reddit, parent: str, body: str) -> str:
    bare = parent.partition("_")[2]
    thing = reddit.comment(bare) if parent.startswith(things.COMMENT) else reddit.submission(bare)
    posted = thing.reply(body)
    if posted is None:
        raise AmbiguousWrite("Reddit took the comment and does not show it")
    return str(posted.fullname)


def _last_letter(answer: Mapping[str, Any]) -> str:
    return next(str(one["id"]) for one in reversed(answer["conversation"]["objIds"]) if one["key"] == "messages")
