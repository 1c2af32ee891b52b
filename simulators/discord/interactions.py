"""Interactions: what a person's command or press becomes, and the REST API by which a bot answers it.

The first answer must come within 3 seconds; the token that came with the interaction works for 15 minutes.
"""

from dataclasses import dataclass
from typing import Literal

from simulators.discord.content import Composer
from simulators.discord.journal import Journal
from simulators.discord.objects import user_object
from simulators.discord.posting import Draft, Posting
from simulators.discord.rest import NO_CONTENT, Answer, Request, Routes
from simulators.discord.wire import ApiError, Json, invalid_form, snowflake, unknown
from simulators.discord.world import Bot, Channel, MessageFlag, MessageType, User, World

ANSWER_WITHIN_S = 3.0
TOKEN_LASTS_S = 900.0
COMMAND, COMPONENT = 2, 3
_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE = 4, 5, 6, 7

State = Literal["waiting", "answered", "deferred", "updated"]


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One act of a person that a bot is to answer. `message` is the one whose button was pressed.

    `original` is the id of the bot's answer. `state`: deferred until the answer follows.
    """

    id: str
    token: str
    type: int
    what: str
    bot: Bot
    user: User
    channel: Channel
    message: Json | None
    kind: MessageType
    began_at_s: float
    state: State = "waiting"
    original: str = ""
    is_ephemeral: bool = False


class Interactions:
    """Callbacks, and the followups that a token allows."""

    def __init__(self, world: World, journal: Journal, posting: Posting, composer: Composer) -> None:
        self._world = world
        self._journal = journal
        self._posting = posting
        self._composer = composer
        self.open: dict[str, Interaction] = {}  # by token

    def routes(self) -> Routes:
        """Return what is served here; nothing of it needs the bot's own token."""
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        return {
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback"): self.callback,
            ("POST", hook): self.follow_up,
            ("GET", f"{hook}/messages/@original"): self.get,
            ("PATCH", f"{hook}/messages/@original"): self.edit,
            ("DELETE", f"{hook}/messages/@original"): self.delete,
            ("GET", f"{hook}/messages/{{message_id}}"): self.get,
            ("PATCH", f"{hook}/messages/{{message_id}}"): self.edit,
            ("DELETE", f"{hook}/messages/{{message_id}}"): self.delete,
        }

    def is_late(self, interaction: Interaction) -> bool:
        """Return whether the person has been told that the application did not respond."""
        return interaction.state == "waiting" and self._world.now_s() - interaction.began_at_s > ANSWER_WITHIN_S

    # --- the first answer -------------------------------------------------------------------------------------------

    def callback(self, request: Request) -> Answer:
        """Give the first answer."""
        interaction = self.open.get(request.params["interaction_token"])
        is_known = interaction is not None and interaction.id == snowflake(request.params["interaction_id"])
        if interaction is None or not is_known or self.is_late(interaction):
            raise unknown("interaction")
        if interaction.state != "waiting":
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        asked = self._for(request, interaction)
        kind, data = asked.form.get("type"), asked.form.get("data") or {}
        if kind == _MESSAGE:
            message = self._say(asked, interaction, data, self._only_for(interaction, data), "response")
            interaction.state, interaction.original = "answered", message["id"]
        elif kind == _DEFERRED:
            interaction.is_ephemeral = bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL)
            message = self._think(interaction)
            interaction.state, interaction.original = "deferred", message["id"]
        elif kind in {_DEFERRED_UPDATE, _UPDATE} and interaction.message is not None:
            message = self._update(asked, interaction, data if kind == _UPDATE else {})
            interaction.state, interaction.original = "updated", message["id"]
        else:
            raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5, 6, 7}.")
        self._journal.grow()
        if request.query.get("with_response", "").lower() not in {"1", "true"}:
            return NO_CONTENT
        return 200, self._response(interaction, kind, message)

    def _response(self, interaction: Interaction, kind: int, message: Json) -> Json:
        body: Json = {"interaction": {"id": interaction.id, "type": interaction.type}}
        body["interaction"] |= {
            "response_message_id": message["id"],
            "response_message_loading": kind == _DEFERRED,
            "response_message_ephemeral": message["id"] in self._world.ephemeral,
        }
        if kind in {_MESSAGE, _UPDATE}:
            body["resource"] = {"type": kind, "message": self._posting.shown(message)}
        return body

    def _say(self, request: Request, interaction: Interaction, form: Json, only_for: str, kind: str) -> Json:
        content = self._composer.read(interaction.channel, request, form)
        draft = Draft(
            author=user_object(interaction.bot.user),
            text=content.text,
            type=interaction.kind if kind == "response" else MessageType.DEFAULT,
            pings=content.pings,
            components=content.components,
            embeds=content.embeds,
            attachments=content.attachments,
            flags=content.flags,
            only_for=only_for,
            extra=self._origin(interaction),
        )
        message = self._posting.post(interaction.channel, draft)
        self._journal.add_sent(interaction.bot.user.id, kind, message, only_for=only_for)
        return message

    def _think(self, interaction: Interaction) -> Json:
        """Show "… is thinking" until the answer follows."""
        draft = Draft(
            author=user_object(interaction.bot.user),
            type=interaction.kind,
            flags=MessageFlag.LOADING,
            only_for=interaction.user.id if interaction.is_ephemeral else "",
            extra=self._origin(interaction),
        )
        return self._posting.post(interaction.channel, draft)

    def _update(self, request: Request, interaction: Interaction, form: Json) -> Json:
        """Change the message whose button was pressed; with nothing to change, only acknowledge."""
        assert interaction.message is not None  # noqa: S101  the caller looked
        message = self._find(interaction, interaction.message["id"])
        if not form:
            return message
        changed = self._change(request, interaction, message, form)
        self._journal.add_edit(interaction.bot.user.id, changed)
        return changed

    def _origin(self, interaction: Interaction) -> tuple[tuple[str, object], ...]:
        owners = {"0": interaction.channel.guild.id if interaction.channel.guild is not None else "0"}
        metadata: Json = {"id": interaction.id, "type": interaction.type, "user": user_object(interaction.user)}
        metadata["authorizing_integration_owners"] = owners
        if interaction.message is not None:
            metadata["interacted_message_id"] = interaction.message["id"]
        elif interaction.type == COMMAND:
            metadata |= {"name": interaction.what, "command_type": 1}
        bot_id = interaction.bot.user.id
        return (("webhook_id", bot_id), ("application_id", bot_id), ("interaction_metadata", metadata))

    # --- what follows -----------------------------------------------------------------------------------------------

    def follow_up(self, request: Request) -> Answer:
        """Say more. The first after a deferral fills it in, as the real server does."""
        interaction = self._by_token(request)
        asked = self._for(request, interaction)
        if interaction.state == "waiting":
            raise unknown("Webhook")
        if interaction.state == "deferred":
            message = self._fill(asked, interaction, asked.form)
        else:
            only_for = self._only_for(interaction, asked.form)
            message = self._say(asked, interaction, asked.form, only_for, "followup")
        return 200, self._posting.shown(message)

    def get(self, request: Request) -> Answer:
        """Return an answer."""
        interaction = self._by_token(request)
        return 200, self._posting.shown(self._find(interaction, request.params.get("message_id", "")))

    def edit(self, request: Request) -> Answer:
        """Change an answer; a deferred one comes to be by this."""
        interaction = self._by_token(request)
        asked = self._for(request, interaction)
        message = self._find(interaction, request.params.get("message_id", ""))
        if message["id"] == interaction.original and interaction.state == "deferred":
            return 200, self._posting.shown(self._fill(asked, interaction, asked.form))
        changed = self._change(asked, interaction, message, asked.form)
        self._journal.add_edit(interaction.bot.user.id, changed)
        return 200, self._posting.shown(changed)

    def delete(self, request: Request) -> Answer:
        """Delete an answer."""
        interaction = self._by_token(request)
        message = self._find(interaction, request.params.get("message_id", ""))
        self._posting.remove(interaction.channel, [message["id"]])
        return NO_CONTENT

    def _fill(self, request: Request, interaction: Interaction, form: Json) -> Json:
        loading = self._find(interaction, interaction.original)
        filled = self._change(request, interaction, loading, form, is_first=True)
        interaction.state = "answered"
        only_for, _ = self._world.ephemeral.get(filled["id"], ("", None))
        self._journal.add_sent(interaction.bot.user.id, "response", filled, only_for=only_for)
        return filled

    def _change(
        self, request: Request, interaction: Interaction, message: Json, form: Json, *, is_first: bool = False
    ) -> Json:
        changes = self._composer.read_changes(interaction.channel, request, form, message)
        if is_first:
            content = self._composer.read(interaction.channel, request, message | form)
            changes["flags"] = (message["flags"] | content.flags) & ~MessageFlag.LOADING
            changes["mentions"] = [user_object(self._world.users[user_id]) for user_id in content.pings.users]
            changes["mention_roles"] = list(content.pings.roles)
            changes["mention_everyone"] = content.pings.everyone
        return self._posting.change(interaction.channel, message, changes, edited=not is_first)

    def _find(self, interaction: Interaction, message_id: str) -> Json:
        wanted = message_id or interaction.original
        if not wanted:
            raise unknown("Webhook" if interaction.state == "waiting" else "Message")
        if wanted in self._world.ephemeral:
            return self._world.ephemeral[wanted][1]
        message = interaction.channel.messages.get(wanted)
        if message is None or message["author"]["id"] != interaction.bot.user.id:
            raise unknown("Message")
        return message

    def _by_token(self, request: Request) -> Interaction:
        interaction = self.open.get(request.params["webhook_token"])
        if interaction is None or interaction.bot.user.id != request.params["webhook_id"]:
            raise unknown("Webhook")
        if self._world.now_s() - interaction.began_at_s > TOKEN_LASTS_S:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _only_for(self, interaction: Interaction, form: Json) -> str:
        is_ephemeral = int(form.get("flags") or 0) & MessageFlag.EPHEMERAL
        return interaction.user.id if is_ephemeral else ""

    def _for(self, request: Request, interaction: Interaction) -> Request:
        """Return the request as one of the interaction's bot, whose token it need not carry."""
        return Request(
            sender=interaction.bot,
            params=request.params,
            query=request.query,
            body=request.body,
            files=request.files,
        )
