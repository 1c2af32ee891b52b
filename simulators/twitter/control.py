"""What people and tests do to the simulated X: post, answer, quote, write, edit, delete; and look at what bots did.

Every public method is also ``POST /control/<name>`` with its arguments as a JSON object. Posts are returned as the
API's JSON with all fields.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime

from simulators.driving import SimulatorError
from simulators.journal import open_at
from simulators.twitter.journal import Call, Sent
from simulators.twitter.render import EDIT_WINDOW, MAX_EDITS, Renderer, Wanted
from simulators.twitter.stage import Stage
from simulators.twitter.wire import Json, Params
from simulators.twitter.world import Media, conversation_of

_ALL_FIELDS = (
    "attachments,author_id,conversation_id,created_at,display_text_range,edit_controls,entities,in_reply_to_user_id,lang,"
    "note_tweet,public_metrics,referenced_tweets,reply_settings"
)
_DM_FIELDS = "created_at,dm_conversation_id,sender_id"
_EVERYTHING = Wanted.of(
    Params(path={}, query={"tweet.fields": _ALL_FIELDS, "dm_event.fields": _DM_FIELDS, "user.fields": ""}, body={})
)


class Control(Stage):
    """The hand on the simulator: what people do, what goes wrong, and what the bots did about it."""

    # --- what people do ---------------------------------------------------------------------------------------------

    def post(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: str,
        text: str,
        *,
        reply_to: str = "",
        quotes: str = "",
        lang: str = "en",
        reply_settings: str = "everyone",
        files: Mapping[str, str] | None = None,
    ) -> Json:
        """Let somebody post, answer or quote. As in X's apps, a reply names those it answers in front of its text.

        `files` are photos (.jpg, .png) and videos (.mp4): name to content in base64.
        """
        for other in filter(None, (reply_to, quotes)):
            self._post(other)
        author = self._user(user_id)
        post = self._world.post(
            author,
            text,
            reply_to=reply_to,
            quotes=quotes,
            lang=lang,
            reply_settings=reply_settings,
            media=self._uploaded(files),
        )
        self._streams.publish(post)
        return self._shown(post.id)

    def mention(self, user_id: str, text: str, *, bot_id: str = "", lang: str = "en") -> Json:
        """Let somebody post with the bot's handle in front."""
        return self.post(user_id, f"@{self._bot(bot_id).user.username} {text}", lang=lang)

    def dm(self, user_id: str, text: str, *, bot_id: str = "", files: Mapping[str, str] | None = None) -> Json:
        """Let somebody write to the bot directly; `files` as in `post`."""
        message = self._world.send(self._user(user_id), self._bot(bot_id).user, text, self._uploaded(files))
        return Renderer(self._world, None, _EVERYTHING).message(message)

    def edit(self, post_id: str, text: str) -> Json:
        """Let the author change a post: it gets a new id. X allows it for 30 minutes, 5 times, and not in replies."""
        post = self._post(post_id)
        history = self._world.versions[post.first_id]
        if post.reply_to_user not in ("", post.author_id):
            raise SimulatorError("X lets nobody edit a reply to somebody else.")
        if len(history) > MAX_EDITS or self._world.now() > post.created_at + EDIT_WINDOW:
            raise SimulatorError("X lets a post be edited five times, within 30 minutes.")
        edited = self._world.edit(self._world.latest(post), text)
        self._streams.publish(edited)
        return self._shown(edited.id)

    def delete(self, post_id: str) -> None:
        """Let the author delete a post, in all its versions; X tells no bot."""
        self._world.delete(self._post(post_id))

    # --- the stream -------------------------------------------------------------------------------------------------

    def disconnect_stream(self, *, quietly: bool = False) -> None:
        """End the streams: with X's error in their midst, or quietly."""
        self._streams.disconnect(quietly=quietly)

    def stream_count(self) -> int:
        """Return how many streams are open."""
        return self._streams.count

    # --- what the bots did ------------------------------------------------------------------------------------------

    def sent(self, kind: str = "", *, to: str = "") -> list[Sent]:
        """Return what the bots sent, in order: posts ("post"), direct messages ("dm"), or both; to one account."""
        return [one for one in self._journal.sent if kind in ("", one.kind) and to in ("", one.to)]

    def calls(self, endpoint: str = "") -> list[Call]:
        """Return the calls the bots made, in order, faults included."""
        return [call for call in self._journal.calls if endpoint in ("", call.endpoint)]

    def open_calls(self, at: datetime, endpoint: str = "POST /2/tweets", margin_s: float = 0.0) -> list[Call]:
        """Return the calls that a client killed at a moment may not have finished.

        `margin_s` also counts answers handed over that shortly before, which the client may not have stored yet.
        """
        return open_at(self.calls(endpoint), at, margin_s)

    async def wait_for_sent(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        wanted: int | Callable[[Sent], bool],
        timeout_s: float = 5.0,
        *,
        kind: str = "",
        to: str = "",
        reply_to: str = "",
        contains: str = "",
    ) -> list[Sent]:
        """Wait until so many posts and messages were sent in all, or one that fits. Raises `TimeoutError`.

        `kind`, `to`, `reply_to` and `contains` count only those of that kind, to that account, under that post, with
        that text in them.
        """

        def counts(one: Sent) -> bool:
            is_there = kind in ("", one.kind) and to in ("", one.to) and reply_to in ("", one.reply_to)
            return is_there and contains in one.text

        missed = "{found} of {count} posts or messages within {timeout_s} s"
        return await self._journal.wait_for_sent(wanted, counts, timeout_s, missed)

    def posts(self, user_id: str = "") -> list[Json]:
        """Return the posts as they are now, oldest first, of everybody or of one account."""
        visible = [post for post in self._world.timeline(None) if user_id in ("", post.author_id)]
        return [self._shown(post.id) for post in reversed(visible)]

    def messages(self, user_id: str, *, bot_id: str = "") -> list[Json]:
        """Return the direct messages between somebody and the bot, oldest first."""
        conversation = conversation_of(self._user(user_id).id, self._bot(bot_id).user.id)
        found = [message for message in self._world.messages if message.conversation_id == conversation]
        return [Renderer(self._world, None, _EVERYTHING).message(message) for message in found]

    def file_requests(self) -> list[str]:
        """Return the paths under which photos and videos were asked for, in order."""
        return list(self._files.requests)

    def _uploaded(self, files: Mapping[str, str] | None) -> tuple[Media, ...]:
        return tuple(self._world.upload(name, base64.b64decode(content)) for name, content in (files or {}).items())

    def _shown(self, post_id: str) -> Json:
        return Renderer(self._world, None, _EVERYTHING).post(self._world.posts[post_id])
