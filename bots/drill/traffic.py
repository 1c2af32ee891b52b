"""What people write in a drill, made of a seed: the same seed makes the same words at the same moments."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from bots.drill.schedule import MODERATOR, Line

CONVERSATIONS_A_MINUTE: Final = 100
FAQ: Final = {
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
_VAGUE = "login card verification password"
_LETTERS, _VOWELS = "bcdfghklmnprstvwz", "aeiou"
_ADDRESS = {
    "telegram": "@firstline_bot ",
    "discord": "",
    "twitter": "@firstline_bot ",
    "reddit": "u/firstline_bot ",
}
_REDIRECTS = {"telegram": "/ticket urgent", "discord": "", "twitter": "@firstline_bot ticket", "reddit": "!ticket"}
_HOSTILE = (
    "@everyone @here <b>{}</b>",
    "[{}](https://evil.example) r/all #tag $BTC",
    "{} '; DROP TABLE outgoing; --",
    "{} \u202e\u200b 🙈👩‍👩‍👧 `x` **",
    "</script><script>alert(1)</script> {}",
    "{{{{ {} }}}} %s %n \\0",
)
_FOREIGN = (
    "mijn geld is weg en niemand helpt mij met {}",
    "mein Konto ist gesperrt und niemand antwortet wegen {}",
    "mi dinero no aparece desde ayer por {}",
    "мои монеты пропали, никто не отвечает: {}",
    "我的钱不见了 没有人回答 {}",
)
_TICKET: Final = ("ticket_opened",)
_GREETS, _THANKS, _EDITS = 0.4, 0.2, 0.6  # the share of people who do
_PAUSE_S = (1.5, 6.0)  # between two messages of somebody


@dataclass(slots=True)
class _Book:
    """Collects lines; within one conversation each is later than the one before."""

    chance: random.Random
    lines: list[Line] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    numbers: count[int] = field(default_factory=count)

    def matter(self) -> str:
        """Words that nobody else says, and no FAQ knows."""
        return " ".join(self._word() for _ in range(self.chance.randint(6, 10)))

    def _word(self) -> str:
        while True:
            word = "".join(self.chance.choice(_LETTERS) + self.chance.choice(_VOWELS) for _ in range(4))
            if word not in self.words:
                self.words.add(word)
                return word

    def question(self) -> str:
        asked, other, _ = self.chance.choice(list(FAQ.values()))
        return self.chance.choice((asked, other))

    def complaint(self, matter: str) -> str:
        form = self.chance.choices(("{}", self.chance.choice(_HOSTILE), self.chance.choice(_FOREIGN)), (6, 2, 2))[0]
        return form.format(matter)


@dataclass(slots=True)
class _Script:
    """One person's conversation in the making."""

    book: _Book
    network: str
    person: int
    at_s: float
    is_private: bool = True

    def say(self, text: str, *outcomes: str, about: int = -1, matter: str = "", agent: int = 0) -> int:
        """One message; gives its id."""
        if not self.is_private and about < 0:
            text = f"{_ADDRESS[self.network]}{text}"
        return self.add("say", text, *outcomes, about=about, matter=matter, agent=agent)

    def add(  # noqa: PLR0913 - what a line consists of
        self,
        act: str,
        text: str,
        *outcomes: str,
        about: int = -1,
        matter: str = "",
        agent: int = 0,
        person: int | None = None,
    ) -> int:
        """One line; gives its id."""
        number = next(self.book.numbers)
        self.book.lines.append(
            Line(
                id=number,
                at_s=round(self.at_s, 3),
                network=self.network,
                person=self.person if person is None else person,
                is_private=self.is_private,
                act=act,
                text=text,
                about=about,
                outcomes=outcomes,
                matter=matter,
                agent=agent,
            )
        )
        self.at_s += self.book.chance.uniform(*_PAUSE_S)
        return number


def generate(
    seed: int, networks: tuple[str, ...], multiple: float, minutes: float
) -> tuple[dict[str, int], list[Line]]:
    """How many people there are on each network, and everything they do, in order of time."""
    book = _Book(random.Random(f"traffic {seed}"))  # noqa: S311 - repeatable, no secret
    people = dict.fromkeys(networks, 0)
    for number in range(max(1, round(multiple * CONVERSATIONS_A_MINUTE * minutes))):
        network = networks[number % len(networks)]
        script = _Script(book, network, people[network], book.chance.uniform(0.0, minutes * 60))
        people[network] += 1
        kinds = (_asker, _complainer, _chooser, _stopper, _changer, _public_asker, _public_complainer, _redirected)
        # Telegram lets a bot say 20 things a minute in a group.
        shared = (3, 2, 1) if network == "telegram" else (8, 8, 3)
        book.chance.choices(kinds, (30, 25, 8, 3, 6, *shared))[0](script)
    return people, sorted(book.lines, key=lambda line: (line.at_s, line.id))


def _asker(script: _Script) -> None:
    chance = script.book.chance
    if chance.random() < _GREETS:
        script.say("hello", "acted")
    for _ in range(chance.randint(1, 2)):
        script.say(script.book.question(), "answered")


def _complainer(script: _Script) -> None:
    chance = script.book.chance
    matter = script.book.matter()
    agent = chance.choice((0, 0, 1, 2))
    script.say(script.book.complaint(matter), *_TICKET, matter=matter, agent=agent)
    for _ in range(chance.randint(0, 2)):
        more = script.book.matter()
        script.say(more, "appended", matter=more)
    if chance.random() < _THANKS:
        script.say("thank you", "acted", "appended", "ignored")


def _chooser(script: _Script) -> None:
    script.say(_VAGUE, "suggested")
    script.say("none of these", *_TICKET)


def _stopper(script: _Script) -> None:
    script.say("unsubscribe", "acted")
    script.say(script.book.question(), "ignored")


def _changer(script: _Script) -> None:
    said = script.say(script.book.question(), "answered")
    if script.network in {"telegram", "discord"}:
        script.add("edit" if script.book.chance.random() < _EDITS else "delete", script.book.question(), about=said)


def _public_asker(script: _Script) -> None:
    script.is_private = False
    script.say(script.book.question(), "answered")


def _public_complainer(script: _Script) -> None:
    script.is_private = False
    matter = script.book.matter()
    script.say(script.book.complaint(matter), *_TICKET, matter=matter)


def _redirected(script: _Script) -> None:
    script.is_private = False
    matter = script.book.matter()
    said = script.add("say", f"{matter}, what a shame")
    script.add("redirect", _REDIRECTS[script.network], *_TICKET, about=said, matter=matter, person=MODERATOR)


def faq_yaml() -> str:
    """The FAQ of the drill; small, so that it is read at once."""
    entries = "".join(
        f"  - id: {name}\n    question: {question}\n    also: [{other}]\n    answer: {answer}\n"
        for name, (question, other, answer) in FAQ.items()
    )
    return f"language: en\nentries:\n{entries}"
