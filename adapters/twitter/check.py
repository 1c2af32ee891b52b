"""What `firstline check` says about an account on X, and the channel's line in the table of all channels."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapters.base import Profile
from adapters.twitter.meter import Item
from adapters.twitter.targets import id_at
from adapters.twitter.text import objects
from adapters.twitter.wire import ApiFailed
from config.findings import Finding

if TYPE_CHECKING:
    from adapters.twitter.purse import Purse
    from adapters.twitter.settings import Settings
    from adapters.twitter.wire import Api

PROFILE: Final = Profile(
    title="X",
    hears="posts that mention the account (polled; at once with the filtered stream), direct messages",
    speaks="under posts that mention or quote the account, one answer each; in direct messages",
    private="direct messages, once the user has written there",
    moderator="a staff account answers or quotes the complaint: “@bot ticket [note]”",
    buttons="none: the user answers in words",
    longest="280 weighted characters a post (one post, or max_posts); 10,000 in a direct message",
    certainty="looks through its own posts and messages",
    costs="each mention $0.001, post read $0.005, user $0.01, reply $0.01, post $0.015, with a link $0.20, direct "
    "message $0.01; held to daily_budget_usd",
    forbidden="answering who did not call it; more than one automatic answer; automatic answers without the label of "
    "an automated account; naming others; writing first in private",
)


async def findings(api: Api, settings: Settings, purse: Purse) -> list[Finding]:
    """Log in, look at what may be read, and say what the bot may do."""
    try:
        me = await api.me()
    except ApiFailed as failed:
        return [_refused(failed)]
    data = me.get("data")
    if not isinstance(data, dict):
        return [Finding(ok=False, text="X shows no account for these keys.", cure="Check `api_base`.")]
    bot_id = str(data.get("id"))
    await purse.read(Item.USER_READ, [bot_id])
    reading = [await _mentions(api, bot_id)]
    if settings.direct_messages:
        reading.append(await _messages(api, purse))
    spent = await purse.spent_usd()
    is_within = spent < purse.budget_usd
    return [
        Finding(ok=True, text=f"Logged in as @{data.get('username')} ({data.get('name')}, id {bot_id})."),
        *reading,
        _speaking(settings),
        _links(settings),
        Finding(
            ok=is_within,
            text=f"{spent:.3f} of {purse.budget_usd:.2f} dollars of the UTC day's budget are spent.",
            cure="" if is_within else "Until midnight UTC the bot only reads; or raise daily_budget_usd.",
        ),
    ]


async def _mentions(api: Api, bot_id: str) -> Finding:
    try:
        await api.mentions(bot_id, id_at(datetime.now(UTC)), None)  # nothing yet, so that it costs nothing
    except ApiFailed as failed:
        return _refused(failed)
    return Finding(ok=True, text=f"Mentions can be read ({api.limits.get('mentions', 'no limit told')}).")


async def _messages(api: Api, purse: Purse) -> Finding:
    try:
        page = await api.messages(None, 1)
    except ApiFailed as failed:
        if failed.status == 403:  # noqa: PLR2004 - Forbidden
            cure = (
                "Give the app the permission for direct messages in X's developer console, then make its access token "
                "anew; or set direct_messages = false."
            )
            return Finding(ok=False, text=f"Direct messages cannot be read ({failed.said}).", cure=cure)
        return _refused(failed)
    await purse.read(Item.MESSAGE_READ, [str(event.get("id")) for event in objects(page, "data")])
    await purse.read(Item.USER_READ, [str(event.get("sender_id")) for event in objects(page, "data")])
    return Finding(ok=True, text=f"Direct messages can be read ({api.limits.get('messages', 'no limit told')}).")


def _speaking(settings: Settings) -> Finding:
    if settings.mode == "approve":
        return Finding(ok=True, text='Every answer waits for a moderator (mode = "approve"): firstline approvals list.')
    if not settings.automated_label_confirmed:
        return Finding(
            ok=False,
            text="Every answer waits for a moderator: nobody has confirmed that the account is labelled as automated.",
            cure="On X: Settings, Your account, Account information, Automation; name the person behind it. Then set "
            "automated_label_confirmed = true.",
        )
    return Finding(
        ok=True,
        text="It answers by itself, once, where a post mentions or quotes it. X lets it answer no other: those texts "
        "are prepared for a moderator.",
    )


def _links(settings: Settings) -> Finding:
    if settings.allow_links:
        return Finding(ok=True, text="Posts may hold links, at 0.20 dollars each.")
    return Finding(ok=True, text="Links are left out of posts (allow_links = false); direct messages keep them.")


def _refused(failed: ApiFailed) -> Finding:
    if failed.status == 401:  # noqa: PLR2004 - Unauthorized
        cure = "Take all four keys from X's developer console, with the right to read, write and send direct messages."
        return Finding(ok=False, text="X refuses the keys.", cure=cure)
    if failed.status == 402:  # noqa: PLR2004 - Payment Required
        return Finding(ok=False, text="The app is out of credits.", cure="Buy credits in X's developer console.")
    if failed.status == 429:  # noqa: PLR2004 - Too Many Requests
        return Finding(ok=False, text="X asks to wait: too many requests.", cure="Try again in 15 minutes.")
    return Finding(
        ok=False,
        text=f"X cannot be read ({failed.said}).",
        cure="Check the network, the app's access level, and `api_base` if you changed it.",
    )
