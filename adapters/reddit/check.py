"""What `firstline check` says about an account on Reddit, and Reddit's line in the table of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.base import Profile
from config.findings import Finding

if TYPE_CHECKING:
    from adapters.reddit.places import Account, Place
    from adapters.reddit.settings import Settings

PROFILE: Final = Profile(
    title="Reddit",
    hears="new comments and submissions of the configured subreddits, its inbox, modmail; by asking every few seconds",
    speaks="mentions, replies to it, `!` commands, configured flairs, titles that the FAQ surely answers; "
    "only in the configured subreddits",
    private="modmail, where it is a moderator with that right (the other moderators read along); "
    "programs have no private messages any more",
    moderator="`!ticket` as a comment below the complaint",
    buttons="none: choices are numbered",
    longest="4,600 characters, then a further comment",
    certainty="it looks for its own comment before it tries again",
    costs="free for approved, non-commercial use: 100 requests a minute",
    forbidden="apps without Reddit's approval, answers where moderators did not allow them, unsolicited messages",
)


def preface(account: Account, settings: Settings) -> list[Finding]:
    """Who the bot is, and what Reddit wants of it."""
    findings = [Finding(ok=True, text=f"Logged in as u/{account.username} ({account.id}).")]
    if account.username.lower() != settings.username.lower():
        cure = f"Set username to {account.username}, or take the token of the other account."
        findings.append(Finding(ok=False, text=f"That is not u/{settings.username}, as configured.", cure=cure))
    if account.is_suspended:
        cure = "Appeal at reddit.com/appeals; until then it can write nowhere."
        findings.append(Finding(ok=False, text="Reddit has suspended the account.", cure=cure))
    policy = "Reddit's Responsible Builder Policy: an app needs Reddit's approval, and tells people that it is a bot."
    findings.append(Finding(ok=True, text=policy, cure="See docs/reddit.md for how to apply."))
    if not settings.footer:
        cure = "Set footer = true, unless the account's name and every text already say it."
        findings.append(Finding(ok=False, text="No footer says that a bot is writing.", cure=cure))
    return findings


def place_findings(place: Place, account: Account, settings: Settings) -> list[Finding]:
    """What the bot may do in one subreddit."""
    name = f"r/{place.name}"
    if place.is_closed:
        cure = "Its moderators can lift the ban; until then nothing is answered there."
        return [Finding(ok=False, text=f"{name} has banned the bot.", cure=cure)]
    if place.moderators is None:
        cure = "List the moderators' ids in `moderators`, or make the bot one of them."
        return [Finding(ok=False, text=f"{name} can be read; Reddit does not say who moderates it.", cure=cure)]
    if account.id not in place.moderators:
        cure = "For private answers and for removing commands: make it a moderator with the rights posts and mail."
        text = f"{name}: the bot is no moderator. It answers in public only, and a moderator's !ticket stays there."
        return [Finding(ok=True, text=text, cure=cure)]
    may_mail, may_remove = place.may(account.id, "mail"), place.may(account.id, "posts")
    mail = Finding(ok=True, text=f"{name}: modmail is the private place; its moderators can read along.")
    if not may_mail or not settings.modmail:
        cure = "Give the bot the right to modmail." if not may_mail else "Set modmail = true."
        mail = Finding(ok=True, text=f"{name}: there is no private place; the bot does not read modmail.", cure=cure)
    if may_remove:
        return [mail, Finding(ok=True, text=f"{name}: moderators' !ticket commands are removed once carried out.")]
    text = f"{name}: moderators' !ticket commands, and posted seed phrases or card numbers, stay where they are."
    return [mail, Finding(ok=True, text=text, cure="Give the bot the right to manage posts.")]
