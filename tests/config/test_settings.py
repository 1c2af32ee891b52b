"""What an operator writes, and what firstline makes of it or says about it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, field_validator

import adapters.registry
import ticket_client.local
from config import settings as module
from config.logs import secrets_of
from config.settings import ConfigError, Section, Settings, load

if TYPE_CHECKING:
    from collections.abc import Mapping

CANARY = "canary-8f3a1c"
EXAMPLE = Path(module.__file__).parent / "firstline.example.toml"


class Buttons(BaseModel):
    places: tuple[str, ...] = ()


class WebchatSection(Section):
    title: str = "Support"
    allowed_origins: tuple[str, ...] = ()


class TelegramSection(Section):
    kind: Literal["telegram"] = "telegram"
    token: SecretStr
    webhook_secret: SecretStr | None = None
    help_channels: tuple[int, ...] = ()
    limits_s: dict[str, float] = Field(default_factory=dict)
    catalogue: Path | None = None
    quiet: bool = False
    ratio: float = Field(0.5, le=1)
    buttons: Buttons = Buttons()

    @field_validator("token")
    @classmethod
    def _is_token(cls, token: SecretStr) -> SecretStr:
        """A careless check, which shows what it was given."""
        if not re.search(r"[-\d]", token.get_secret_value()):
            raise ValueError(f"{token.get_secret_value()} is no token")
        return token


class DeskSection(Section):
    pass


class RemoteDeskSection(Section):
    key: SecretStr


CHANNELS: dict[str, type[Section]] = {"webchat": WebchatSection, "telegram": TelegramSection}
DESKS: dict[str, type[Section]] = {"local": DeskSection, "remote": RemoteDeskSection}


def loaded(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    return load(
        path,
        environ=environ or {},
        channel_section=CHANNELS.__getitem__,
        channel_kinds=tuple(CHANNELS),
        desk_section=DESKS.__getitem__,
        desk_kinds=tuple(DESKS),
    )


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "firstline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def said(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The sentences of the error, with the file's folder taken away."""
    with pytest.raises(ConfigError) as caught:
        loaded(written(tmp_path, text), environ)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def telegram(settings: Settings, name: str = "telegram") -> TelegramSection:
    section = settings.channels[name]
    assert isinstance(section, TelegramSection)
    return section


@pytest.fixture(autouse=True)
def _nowhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `./firstline.toml` of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


class TestWhichFile:
    def test_without_any_file_there_are_live_chat_local_desk_and_sample_faq(self) -> None:
        settings = loaded()
        assert settings.channels == {"webchat": WebchatSection(kind="webchat")}
        assert settings.desk == DeskSection(kind="local")
        assert (settings.faq_path / "en.yaml").is_file()
        assert settings.public_url == "http://127.0.0.1:8080"
        assert settings.source is None
        assert settings.warnings == ()

    def test_the_given_file_goes_before_the_variable_and_that_before_the_working_directory(
        self, tmp_path: Path
    ) -> None:
        Path("firstline.toml").write_text("web.port = 1", encoding="utf-8")
        assert loaded().web.port == 1
        assert loaded().source == Path("firstline.toml")
        named = tmp_path / "named.toml"
        named.write_text("web.port = 2", encoding="utf-8")
        assert loaded(None, {"FIRSTLINE_CONFIG": str(named)}).web.port == 2
        assert loaded(written(tmp_path, "web.port = 3"), {"FIRSTLINE_CONFIG": str(named)}).web.port == 3

    @pytest.mark.parametrize("by_variable", [False, True])
    def test_a_file_that_is_named_but_absent_is_an_error(self, tmp_path: Path, *, by_variable: bool) -> None:
        gone = tmp_path / "gone.toml"
        with pytest.raises(ConfigError) as caught:
            loaded(None if by_variable else gone, {"FIRSTLINE_CONFIG": str(gone)} if by_variable else {})
        assert str(caught.value) == (
            f"{gone}: there is no such file; create it, or correct --config or FIRSTLINE_CONFIG."
        )

    def test_a_folder_or_a_picture_is_no_configuration(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: Is a directory; give the path of a readable TOML file"):
            loaded(tmp_path)
        (tmp_path / "x.png").write_bytes(b"\x89PNG\xff")
        with pytest.raises(ConfigError, match="cannot be read: it is not UTF-8 text"):
            loaded(tmp_path / "x.png")

    def test_a_file_keeps_the_live_chat_unless_it_names_channels(self, tmp_path: Path) -> None:
        assert list(loaded(written(tmp_path, "[web]\nport = 1")).channels) == ["webchat"]
        assert list(loaded(written(tmp_path, f"[channels.telegram]\ntoken = '{CANARY}'")).channels) == ["telegram"]


class TestChannelsAndDesk:
    def test_two_bots_of_one_kind(self, tmp_path: Path) -> None:
        text = """
            [channels.telegram]
            token = "first-token"
            [channels.support-nl]
            kind = "telegram"
            token = "second-token"
            """
        settings = loaded(written(tmp_path, text), {"FIRSTLINE_CHANNELS__SUPPORT_NL__QUIET": "yes"})
        assert telegram(settings).token.get_secret_value() == "first-token"
        assert not telegram(settings).quiet
        assert telegram(settings, "support-nl").kind == "telegram"
        assert telegram(settings, "support-nl").token.get_secret_value() == "second-token"
        assert telegram(settings, "support-nl").quiet

    def test_a_desk_of_another_kind(self, tmp_path: Path) -> None:
        settings = loaded(written(tmp_path, f'[desk]\nkind = "remote"\nkey = "{CANARY}"'))
        assert isinstance(settings.desk, RemoteDeskSection)
        assert settings.desk.kind == "remote"

    def test_a_section_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            loaded().web.port = 1  # type: ignore[misc]  # the point of the test


class TestEnvironment:
    def test_a_channel_can_be_made_by_the_environment_alone_beside_the_live_chat(self) -> None:
        settings = loaded(None, {"FIRSTLINE_CHANNELS__TELEGRAM__TOKEN": CANARY})
        assert set(settings.channels) == {"telegram", "webchat"}
        assert telegram(settings).token.get_secret_value() == CANARY

    def test_every_type_can_be_written(self) -> None:
        prefix = "FIRSTLINE_CHANNELS__TELEGRAM__"
        environ = {
            "FIRSTLINE_DESK__KIND": "remote",
            "FIRSTLINE_DESK__KEY": "12345678",
            "FIRSTLINE_BOT__LANGUAGES": "en, nl,de",
            "FIRSTLINE_LIMITS__DRAIN_S": "2.5",
            "FIRSTLINE_ATTACHMENTS__TYPES": "image/*, application/pdf",
            "FIRSTLINE_LOG__FORMAT": "json",
            "FIRSTLINE_DATA_DIR": "/srv/firstline",
            f"{prefix}TOKEN": "7654321",
            f"{prefix}HELP_CHANNELS": "[-100, 7]",
            f"{prefix}LIMITS_S": '{"a": 1.5}',
            f"{prefix}QUIET": "true",
            f"{prefix}BUTTONS__PLACES": "left,right",
        }
        settings = loaded(None, environ)
        assert settings.bot.languages == ("en", "nl", "de")
        assert settings.limits.drain_s == 2.5
        assert settings.attachments.types == ("image/*", "application/pdf")
        assert settings.log.format == "json"
        assert settings.data_dir == Path("/srv/firstline")
        assert settings.ledger_place == Path("/srv/firstline/firstline.db")
        section = telegram(settings)
        assert section.help_channels == (-100, 7)
        assert section.limits_s == {"a": 1.5}
        assert section.quiet
        assert section.buttons.places == ("left", "right")
        assert secrets_of(settings) == ["7654321", "12345678"]

    def test_an_empty_variable_counts_as_not_set(self) -> None:
        assert loaded(None, {"FIRSTLINE_WEB__PORT": "", "FIRSTLINE_CHANNELS__TELEGRAM__TOKEN": ""}) == loaded()

    def test_the_programs_other_variables_are_no_keys(self) -> None:
        assert loaded(None, {"FIRSTLINE_DEBUG": "1", "FIRSTLINE_CHROMIUM": "/x", "PATH": "/bin"}) == loaded()

    @pytest.mark.parametrize(
        ("variable", "sentence"),
        [
            ("FIRSTLINE_WEB__PROT", "web.prot: there is no such key; did you mean `FIRSTLINE_WEB__PORT`?"),
            ("FIRSTLINE_WEB_PORT", "no key belongs to this variable; did you mean `FIRSTLINE_WEB__PORT`?"),
            (
                "FIRSTLINE_TELEGRAM_TOKEN",
                "no key belongs to this variable; did you mean `FIRSTLINE_CHANNELS__TELEGRAM__TOKEN`?",
            ),
            ("FIRSTLINE_WEB", "web: this is a section, not a value; name a key of it: FIRSTLINE_WEB__…."),
            (
                "FIRSTLINE_CHANNELS__WEBCHAT__TITEL",
                "channels.webchat.titel: there is no such key; did you mean `FIRSTLINE_CHANNELS__WEBCHAT__TITLE`?",
            ),
            (
                "FIRSTLINE_CHANNELS__TELEGRM__TOKEN",
                (
                    "channels.telegrm: there is no kind of channel called `telegrm`, and no `kind` says what it is; "
                    "did you mean `telegram` (of webchat, telegram)?"
                ),
            ),
        ],
    )
    def test_a_variable_that_matches_no_key_is_named_with_the_nearest(self, variable: str, sentence: str) -> None:
        with pytest.raises(ConfigError) as caught:
            loaded(None, {variable: CANARY})
        assert str(caught.value) == f"environment variable {variable}: {sentence}"
        assert caught.value.problems[0].variable == variable

    @given(
        in_file=st.dictionaries(st.sampled_from(["host", "port", "public_url"]), st.integers(1, 65535)),
        in_environment=st.dictionaries(st.sampled_from(["host", "port", "public_url"]), st.integers(1, 65535)),
    )
    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_the_environment_goes_before_the_file_and_that_before_the_default(
        self, tmp_path: Path, in_file: dict[str, int], in_environment: dict[str, int]
    ) -> None:
        def value(key: str, number: int) -> str | int:
            return number if key == "port" else f"https://{key}.example/{number}"

        lines = [f"{key} = {json.dumps(value(key, number))}" for key, number in in_file.items()]
        environ = {f"FIRSTLINE_WEB__{key.upper()}": str(value(key, number)) for key, number in in_environment.items()}
        web = loaded(written(tmp_path, "\n".join(["[web]", *lines])), environ).web
        for key, default in {"host": "127.0.0.1", "port": 8080, "public_url": None}.items():
            number = in_environment.get(key, in_file.get(key))
            assert getattr(web, key) == (default if number is None else value(key, number))

    @given(parts=st.lists(st.text("abcdefghijklmnopqrstuvwxyz_", max_size=8), max_size=4))
    @hypothesis_settings(deadline=None)
    def test_whatever_the_variable_it_is_a_key_or_named_in_an_error(self, parts: list[str]) -> None:
        variable = "FIRSTLINE_" + "__".join(parts).upper()
        try:
            loaded(None, {variable: CANARY})
        except ConfigError as error:
            assert {problem.variable for problem in error.problems} == {variable}  # noqa: PT017  either way is right
            assert CANARY not in str(error)  # noqa: PT017  the same


class TestSecrets:
    def test_a_secret_from_a_file_beside_the_configuration(self, tmp_path: Path) -> None:
        secret = tmp_path / "token.txt"
        secret.write_text(f"{CANARY}\n", encoding="utf-8")
        secret.chmod(0o600)
        settings = loaded(written(tmp_path, "[channels.telegram]\ntoken_file = 'token.txt'"))
        assert telegram(settings).token.get_secret_value() == CANARY
        assert settings.warnings == ()
        assert CANARY not in repr(settings)

    def test_a_file_that_everybody_can_read_is_worth_a_warning(self, tmp_path: Path) -> None:
        secret = tmp_path / "token.txt"
        secret.write_text(CANARY, encoding="utf-8")
        secret.chmod(0o644)
        settings = loaded(None, {"FIRSTLINE_CHANNELS__TELEGRAM__TOKEN_FILE": str(secret)})
        assert settings.warnings == (f"{secret} can be read by every user of this machine; run: chmod 600 {secret}",)

    @pytest.mark.parametrize("swapped", [False, True])
    def test_the_environment_goes_before_the_file_in_either_spelling(self, tmp_path: Path, *, swapped: bool) -> None:
        (tmp_path / "t").write_text("secret-in-file", encoding="utf-8")
        there, here = ("token = 'other-token'", {"TOKEN_FILE": str(tmp_path / "t")})
        if swapped:
            there, here = ("token_file = 't'", {"TOKEN": "secret-given"})
        environ = {f"FIRSTLINE_CHANNELS__TELEGRAM__{key}": value for key, value in here.items()}
        settings = loaded(written(tmp_path, f"[channels.telegram]\n{there}"), environ)
        assert telegram(settings).token.get_secret_value() == ("secret-given" if swapped else "secret-in-file")

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("token_file = 'gone'", "token_file: {0}/gone cannot be read: No such file or directory; give the path of"),
            ("token_file = 'empty'", "token_file: {0}/empty is empty; put the secret into it, and nothing else."),
            ("token_file = 'short'", "token_file: {0}/short holds fewer than 4 characters; put the secret"),
            ("token_file = 'binary'", "token_file: {0}/binary cannot be read: it is not text; give the path"),
            ("token_file = 3", "token_file: must be a path in quotes; for example: token_file = "),
            ("token_file = 'a\\u0000'", "token_file: {0}/a"),
            ("token_file = '~nobody-at-all'", "token_file: the home folder in `~nobody-at-all` is not known; write"),
            ("token = 'abcdefg'", "token: [redacted] is no token."),
            ("token_file = ''", "token_file: this path is empty; give a path, or remove the key."),
            ("token = 'abc'", "token: a secret needs at least 4 characters; copy it again, whole."),
            ("token = ''", "token: it is empty; write the secret there, whole."),
            ("token = 123", 'token: must be a valid string; write it in quotes: token = "…".'),
            (f"token = '{CANARY}'; token_file = 'full'", "token_file: both `token` and `token_file` are given; remove"),
        ],
    )
    def test_a_secret_that_cannot_be_had(self, tmp_path: Path, line: str, sentence: str) -> None:
        for name, content in {"empty": b"\n", "short": b"abc", "binary": b"\xff" * 9, "full": b"12345"}.items():
            (tmp_path / name).write_bytes(content)
        line = line.replace("'", '"').replace("; ", "\n")
        problems = said(tmp_path, f"[channels.telegram]\n{line}")
        place = f"firstline.toml:{2 + line.count(chr(10))}: channels.telegram."
        assert problems[0].startswith(place + sentence.format(tmp_path))
        assert len(problems) == 1

    def test_an_optional_secret_may_be_left_empty(self, tmp_path: Path) -> None:
        settings = loaded(written(tmp_path, f"[channels.telegram]\ntoken = '{CANARY}'\nwebhook_secret = ''"))
        assert telegram(settings).webhook_secret is None

    def test_no_error_shows_a_secret(self, tmp_path: Path) -> None:
        text = f"""
            [channels.telegram]
            token = ["{CANARY}"]
            tokn = "{CANARY}"
            webhook_secret = "{CANARY}"
            kind = "telegram"
            ratio = "{CANARY}"
            [desk]
            kind = "remote"
            key = "{CANARY}"
            [{CANARY}]
            """
        problems = said(tmp_path, text, {"FIRSTLINE_CHANNELS__TELEGRAM__QUIET": CANARY})
        assert len(problems) == 5
        assert not [
            problem for problem in problems if CANARY in problem and not problem.startswith("firstline.toml:11")
        ]


class TestPaths:
    def test_a_path_starts_at_the_file_that_says_it(self, tmp_path: Path) -> None:
        text = f"""
            data_dir = "kept"
            faq.path = "/srv/faq"
            wording.folder = "words"
            channels.telegram = {{ token = "{CANARY}", catalogue = "c" }}
            """
        settings = loaded(written(tmp_path, text), {"FIRSTLINE_LEDGER__PATH": "db", "FIRSTLINE_DATA_DIR": ""})
        assert settings.data_dir == tmp_path / "kept"
        assert settings.faq_path == Path("/srv/faq")
        assert settings.wording.folder == tmp_path / "words"
        assert telegram(settings).catalogue == tmp_path / "c"
        assert settings.ledger_place == Path("db")

    def test_a_home_that_nobody_knows(self, tmp_path: Path) -> None:
        assert said(tmp_path, 'faq.path = "~nobody-at-all/x"') == [
            "firstline.toml:1: faq.path: the home folder in `~nobody-at-all/x` is not known; write the whole path.",
        ]

    def test_a_checkout_keeps_its_data_in_var(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_ROOT", tmp_path)
        environ = {"HOME": "/home/x", "XDG_DATA_HOME": ""}
        assert loaded(None, environ).data_dir == Path("/home/x/.local/share/firstline")
        assert loaded(None, {"XDG_DATA_HOME": "/xdg"}).data_dir == Path("/xdg/firstline")
        assert loaded(None, environ | {"XDG_DATA_HOME": "relative"}).data_dir == Path("/home/x/.local/share/firstline")
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 'firstline'", encoding="utf-8")
        assert loaded(None, environ).data_dir == Path("/home/x/.local/share/firstline")
        (tmp_path / ".git").write_text("gitdir: elsewhere", encoding="utf-8")
        assert loaded(None, environ).data_dir == tmp_path / "var"
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 'another'", encoding="utf-8")
        assert loaded(None, environ).data_dir == Path("/home/x/.local/share/firstline")
        (tmp_path / "pyproject.toml").unlink()
        assert loaded(None, environ).data_dir == Path("/home/x/.local/share/firstline")

    @pytest.mark.parametrize(
        ("web", "url"),
        [
            ("host = '0.0.0.0'", "http://127.0.0.1:8080"),
            ("host = '::'\nport = 1", "http://[::1]:1"),
            ("public_url = 'https://a.example/chat/'", "https://a.example/chat"),
        ],
    )
    def test_where_the_web_server_is_reached(self, tmp_path: Path, web: str, url: str) -> None:
        assert loaded(written(tmp_path, f"[web]\n{web}")).public_url == url


class TestProblems:
    def test_all_at_once_each_with_its_line_and_cure(self, tmp_path: Path) -> None:
        text = f"""# a comment
port = 1

[web]
prt = 2
port = "x"
text = \"\"\"
[desk]
kind = 1
\"\"\"
[channels.telegram]
tokn = "x"
help_channels = [
    1,
    "two",
]
ratio = 2
[channels."a:b"]
kind = "telegram"
token = "{CANARY}"
[desk]
kind = "remot"
[bots]
"""
        assert said(tmp_path, text, {"FIRSTLINE_FAQ__ANSWER_PRECISION": "much"}) == [
            "firstline.toml:2: port: there is no such key; `port` belongs in [web].",
            "firstline.toml:5: web.prt: there is no such key; did you mean `port`?",
            (
                "firstline.toml:6: web.port: must be a valid integer, unable to parse string as an integer; "
                "for example: port = 8080."
            ),
            "firstline.toml:7: web.text: there is no such key; the keys here are: host, port, public_url, metrics.",
            (
                "firstline.toml:11: channels.telegram.token: this key is missing; give `token` in [channels.telegram], "
                "or `token_file` with the path of a file that holds it, or set FIRSTLINE_CHANNELS__TELEGRAM__TOKEN."
            ),
            "firstline.toml:12: channels.telegram.tokn: there is no such key; did you mean `token`?",
            (
                "firstline.toml:13: channels.telegram.help_channels: [1] must be a valid integer, "
                "unable to parse string as an integer."
            ),
            "firstline.toml:17: channels.telegram.ratio: must be less than or equal to 1; for example: ratio = 0.5.",
            (
                "firstline.toml:18: channels.a:b: this cannot be the name of a channel; "
                "use letters, digits and single hyphens or underscores."
            ),
            (
                "firstline.toml:22: desk.kind: there is no kind of desk called `remot`; "
                "did you mean `remote` (of local, remote)?"
            ),
            "firstline.toml:23: bots: there is no such section; did you mean `bot`?",
            (
                "environment variable FIRSTLINE_FAQ__ANSWER_PRECISION: faq.answer_precision: must be a valid number, "
                "unable to parse string as a number; for example: FIRSTLINE_FAQ__ANSWER_PRECISION=0.95."
            ),
        ]

    def test_toml_that_cannot_be_read(self, tmp_path: Path) -> None:
        cure = 'write key = value, with text in "double quotes" and sections as [name].'
        assert said(tmp_path, "[web]\nport = \n") == [
            f"firstline.toml:2: this is not valid TOML: invalid value; {cure}"
        ]
        assert said(tmp_path, 'a = """\n\n') == [
            f"firstline.toml:2: this is not valid TOML: unterminated string; {cure}"
        ]

    def test_a_value_where_a_section_belongs(self, tmp_path: Path) -> None:
        assert said(tmp_path, "desk = 1\nchannels.telegram = 2", {"FIRSTLINE_DESK__KEY": "1234"}) == [
            "firstline.toml:1: desk: this is a section, not a value; write [desk] and the keys below it.",
            (
                "firstline.toml:2: channels.telegram: this is a section, not a value; "
                "write [channels.telegram] and the keys below it."
            ),
        ]

    def test_a_type_of_files_is_a_media_type(self, tmp_path: Path) -> None:
        for wrong in ("png", "Image/PNG", "*/png", "image/*png", "image/png; q=1", ""):
            [problem] = said(tmp_path, f'[attachments]\ntypes = ["image/png", "{wrong}"]')
            assert problem.startswith(
                f"firstline.toml:2: attachments.types: `{wrong}` is no media type: "
                "write one in small letters, such as image/png or image/*; for example: types = ["
            )

    def test_each_wrong_rule_is_named_by_its_line(self, tmp_path: Path) -> None:
        text = """[[tickets.rules]]
words = ["police"]

[[tickets.rules]]
# two mistakes
chanels = ["webchat"]
priority = "hihg"
[web]
[[tickets.rules]]
tags = [
    "ok", "not ok"
]
languages = ["Dutch"]
words = ["my lawyer", "?!"]
reasons = ["complain"]
visibility = "public"
"""
        assert [problem.partition(": for")[0] for problem in said(tmp_path, text)] == [
            "firstline.toml:1: tickets.rules[0]: this rule does nothing; give it a `priority` or `tags`.",
            "firstline.toml:6: tickets.rules[1].chanels: there is no such key; did you mean `channels`?",
            "firstline.toml:7: tickets.rules[1].priority: must be 'low', 'normal', 'high' or 'urgent'.",
            (
                "firstline.toml:10: tickets.rules[2].tags: `not ok` cannot be a tag; "
                "use letters, digits, hyphens and underscores, at most 32."
            ),
            "firstline.toml:13: tickets.rules[2].languages: `Dutch` is no language's code; write it like `en` or `nl`.",
            (
                "firstline.toml:14: tickets.rules[2].words: `?!` has no letter and no digit, "
                "so no message could hold it."
            ),
            (
                "firstline.toml:15: tickets.rules[2].reasons: [0] must be 'accusation', 'complaint', 'moderator', "
                "'asked_for_human', 'asked_for_ticket', 'nothing_matches', 'answer_did_not_help' or "
                "'suggestions_refused'."
            ),
            "firstline.toml:16: tickets.rules[2].visibility: must be a list.",
        ]

    def test_a_rule_is_about_channels_that_there_are(self, tmp_path: Path) -> None:
        rules = """
[[tickets.rules]]
channels = ["webchat", "chat"]
tags = ["x"]
[[tickets.rules]]
tags = ["x"]
channels = ["discord"]
"""
        assert said(tmp_path, rules) == [
            "firstline.toml:3: tickets.rules[0].channels: there is no channel called `chat`; did you mean `webchat`?",
            "firstline.toml:7: tickets.rules[1].channels: there is no channel called `discord`; there are: webchat.",
        ]

    @pytest.mark.parametrize("by", ["the file", "the environment"])
    def test_a_rule_about_no_channel_is_told_together_with_what_else_is_wrong(self, tmp_path: Path, by: str) -> None:
        if by == "the file":
            rules = """
[[tickets.rules]]
channels = ["chat", 5]
tagz = ["x"]
"""
            told = said(tmp_path, rules)
        else:
            value = '[{"channels": ["chat", 5], "tagz": ["x"]}]'
            told = said(tmp_path, "", {"FIRSTLINE_TICKETS__RULES": value})
        assert any("there is no channel called `chat`" in each for each in told)
        assert any("tagz" in each for each in told)

    def test_rules_are_several_tables(self, tmp_path: Path) -> None:
        assert said(tmp_path, '[tickets.rules]\ntags = ["x"]') == [
            "firstline.toml:1: tickets.rules: these are several tables; write [[tickets.rules]] above each of them.",
        ]
        assert said(tmp_path, "[tickets]\nrules = ['x']") == [
            "firstline.toml:2: tickets.rules[0]: these are several tables; write [[tickets.rules]] above each of them.",
        ]
        assert said(tmp_path, "", {"FIRSTLINE_TICKETS__RULES": '[{"tags": ["x"]}, {"tag": ["x"]}]'}) == [
            (
                "environment variable FIRSTLINE_TICKETS__RULES: tickets.rules[1].tag: there is no such key; "
                "did you mean `tags`?"
            ),
        ]

    def test_the_default_language_is_one_of_the_languages(self, tmp_path: Path) -> None:
        assert said(tmp_path, '[bot]\ndefault_language = "fr"') == [
            "firstline.toml:1: bot: default_language `fr` is not one of the languages; add it there.",
        ]

    @given(
        before=st.lists(
            st.sampled_from(
                ["", "# note", "[log]", "x = 1", "y.z = '''\n[web]\n'''", "a = [\n1,\n]", "[[t]]", "b = {c=1}"]
            ),
            unique=True,
        )
    )
    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_the_line_is_right_whatever_stands_before(self, tmp_path: Path, before: list[str]) -> None:
        text = "\n".join([*before, "[wob]", "port = 1"])
        line = text.split("\n").index("[wob]") + 1
        assert any(
            problem.startswith(f"firstline.toml:{line}: wob: there is no such") for problem in said(tmp_path, text)
        )


class TestExample:
    def uncommented(self) -> str:
        return re.sub(r"(?m)^#(?=[a-z_0-9]+ = |\[)", "", EXAMPLE.read_text(encoding="utf-8"))

    def load(self, path: Path) -> Settings:
        return load(
            path,
            environ={},
            channel_section=lambda kind: adapters.registry.channel(kind).Settings,
            channel_kinds=adapters.registry.kinds(),
            desk_section={"local": ticket_client.local.Settings}.__getitem__,
            desk_kinds=("local",),
        )

    def test_as_it_is_it_changes_nothing(self, tmp_path: Path) -> None:
        copied = self.load(written(tmp_path, EXAMPLE.read_text(encoding="utf-8")))
        empty = tmp_path / "empty.toml"
        empty.touch()
        assert copied.model_dump(exclude={"source"}) == self.load(empty).model_dump(exclude={"source"})

    def test_it_names_every_key_and_shows_its_default(self, tmp_path: Path) -> None:
        text = self.uncommented()
        settings = self.load(written(tmp_path, re.sub(r'(?m)^url = "postgresql:.*\n', "", text)))  # beside its `path`
        named = tomllib.loads(text)
        assert set(named) == set(Settings.model_fields) - {"source", "warnings"}
        sections: dict[str, BaseModel] = {key: getattr(settings, key) for key in set(named) - {"data_dir", "channels"}}
        sections |= settings.channels
        assert set(settings.channels) == set(adapters.registry.kinds())
        for name, section in sections.items():
            keys = named.get(name) or named["channels"][name]
            assert set(keys) == set(type(section).model_fields), name
            for key, field in type(section).model_fields.items():
                if not field.is_required() and field.default is not None and key != "kind":
                    assert getattr(section, key) == field.default, f"{name}.{key}"

    def test_every_key_has_its_sentence(self) -> None:
        lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
        keys = [number for number, line in enumerate(lines) if re.match(r"#[a-z_0-9]+ = ", line)]
        bare = [lines[number] for number in keys if not lines[number - 1].startswith("# ")]
        assert bare == [line for line in lines if line.startswith("#kind = ")]
