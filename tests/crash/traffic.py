"""What people write, and what each message must come to."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FAQ = {
    "withdrawal": (
        "Why is my withdrawal still pending?",
        "my withdrawal is stuck",
        "Every withdrawal is checked first.",
    ),
    "fees": ("What does a trade cost?", "how high are the trading fees", "A trade costs 0.1 percent."),
    "password": ("How do I reset my password?", "I forgot my password", "Choose **Forgotten password**."),
    "verification": ("How long does verification take?", "when is my passport checked", "About one working day."),
    "two-factor": ("How do I switch on two-factor login?", "set up an authenticator app", "Under Settings, Security."),
    "card": ("Can I pay with a credit card?", "which cards do you take", "Yes, with every card that has your name."),
}
VAGUE = "login card verification password"
_LETTERS, _VOWELS = "bcdfghklmnprstvwz", "aeiou"
_GROUP = -1_002_000_500_000
_USERS_IN_GROUP = 3


@dataclass(slots=True, kw_only=True)
class Line:
    """One message to write, and what it must come to: an outcome and its rule."""

    text: str
    expected: tuple[str, str]
    message_id: int = 0


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One person in one chat. Telegram's private chat has the id of the person."""

    user_id: int
    chat_id: int
    lines: deque[Line] = field(default_factory=deque)
    written: list[Line] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, int]:
        return self.chat_id, self.user_id

    @property
    def opens(self) -> int:
        """How many tickets its lines must open."""
        return sum(line.expected[0] == "ticket_opened" for line in (*self.lines, *self.written))

    def step(self) -> dict[str, Any]:
        """The next line as a step of the simulator's control."""
        line = self.lines.popleft()
        self.written.append(line)
        where = {} if self.chat_id == self.user_id else {"chat_id": self.chat_id}
        return {"do": "write", "user_id": self.user_id, "text": line.text, **where}


def faq_yaml() -> str:
    """A FAQ small enough to be read at once."""
    entries = "".join(
        f"  - id: {name}\n    question: {question}\n    also: [{other}]\n    answer: {answer}\n"
        for name, (question, other, answer) in FAQ.items()
    )
    return f"language: en\nentries:\n{entries}"


class Traffic:
    """Conversations made of a seed, until they hold `messages` lines; a fifth of the people write in two places."""

    def __init__(self, messages: int, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable traffic, no secret
        self.conversations: list[Conversation] = []
        self._words: set[str] = set()
        count = 0
        while count < messages:
            user_id = 6_000_000_000 + len(self.conversations)
            places = self.random.choices(([user_id], [self._group()], [user_id, self._group()]), (5, 3, 2))[0]
            for chat_id in places:
                lines = deque(self._script(first=chat_id == places[0])[: messages - count])
                if lines:
                    self.conversations.append(Conversation(user_id=user_id, chat_id=chat_id, lines=lines))
                count += len(lines)

    def _group(self) -> int:
        return _GROUP - len(self.conversations) // _USERS_IN_GROUP

    @property
    def groups(self) -> Mapping[int, list[int]]:
        """The groups and their members."""
        members: dict[int, list[int]] = {}
        for conversation in self.conversations:
            if conversation.chat_id < 0:
                members.setdefault(conversation.chat_id, []).append(conversation.user_id)
        return members

    @property
    def users(self) -> list[int]:
        """Everybody, once."""
        return list(dict.fromkeys(conversation.user_id for conversation in self.conversations))

    def in_random_order(self) -> Iterator[Conversation]:
        """The conversations, each as often as it has lines left; within each the order holds."""
        waiting = [conversation for conversation in self.conversations for _ in conversation.lines]
        self.random.shuffle(waiting)
        yield from waiting

    def complaint(self) -> str:
        """A matter that no FAQ knows and nobody else has."""
        return " ".join(self._word() for _ in range(self.random.randint(6, 12)))

    def _word(self) -> str:
        while True:
            word = "".join(self.random.choice(_LETTERS) + self.random.choice(_VOWELS) for _ in range(4))
            if word not in self._words:
                self._words.add(word)
                return word

    def _script(self, *, first: bool) -> list[Line]:
        """What somebody writes in one place; complaints only in their first, as a ticket goes on in private."""
        kind = self.random.choice(("asker", "complainer", "complainer", "both", "chooser")) if first else "asker"
        matter = Line(text=self.complaint(), expected=("ticket_opened", "nothing_matches"))
        follow_ups = [
            Line(text=self.complaint(), expected=("appended", "follow_up")) for _ in range(self.random.randint(0, 3))
        ]
        questions = [self._question() for _ in range(self.random.randint(1, 3))]
        match kind:
            case "asker":
                return [Line(text="hello", expected=("acted", "greet")), *questions]
            case "complainer":
                return [matter, *follow_ups]
            case "chooser":
                refused = Line(text="none of these", expected=("ticket_opened", "suggestions_refused"))
                return [Line(text=VAGUE, expected=("suggested", "faq")), refused, *follow_ups]
            case _:
                return [*questions, matter, *follow_ups]

    def _question(self) -> Line:
        question, other, _ = self.random.choice(list(FAQ.values()))
        return Line(text=self.random.choice((question, other)), expected=("answered", "faq"))
