"""Who opens connections, and who lets others in: few modules, which are all known here."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("adapters", "bots", "config", "faq", "ticket_client")
_OPENING = {"ClientSession", "AsyncClient", "AsyncHTTPTransport", "Session", "urlopen", "create_connection"}
_OPENING |= {"open_connection", "TCPConnector", "HTTPXRequest", "connect_tcp"}
THEY_OPEN = {
    # module: whom it may reach
    "adapters/discord/wire.py",  # `api_base`, `gateway`
    "adapters/downloads.py",  # `file_hosts`: known() is asked before every request, no redirect is followed
    "adapters/reddit/wire.py",  # `reddit_url`, `oauth_url`
    "adapters/telegram/files.py",  # `file_base`: what Telegram names is a path below it
    "adapters/telegram/wire.py",  # `api_base`
    "adapters/twitter/wire.py",  # `api_base`
    "adapters/twitter/check.py",  # the same
    "ticket_client/client.py",  # `[desk] url`, no redirect is followed
    "bots/playground/networks.py",  # the playground's own simulators
    "bots/drill",  # the drill's own processes
}
LETS_IN = {  # what compares a secret that somebody shows
    "adapters/telegram/adapter.py",
    "bots/playground/server.py",
    "ticket_client/django_helpdesk.py",
    "ticket_client/freshdesk.py",
    "ticket_client/zendesk.py",
}


@cache
def trees() -> dict[str, ast.Module]:
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def named(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_only_these_modules_open_connections() -> None:
    """So that the tests of downloads and desks speak of every address that somebody else could have written."""
    found = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and named(node) in _OPENING
    }
    strangers = {path for path in found if not any(path == one or path.startswith(f"{one}/") for one in THEY_OPEN)}
    assert strangers == set()


def test_no_secret_is_compared_in_a_time_that_tells_of_it() -> None:
    compares = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and named(node) == "compare_digest"
    }
    assert compares >= LETS_IN
    verifies = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "verify_webhook"
        if path != "ticket_client/base.py"
    }
    assert verifies <= compares, "who is called from outside compares with hmac.compare_digest"


def test_nothing_that_was_read_is_compared_with_a_secret_by_equality() -> None:
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
                sides = [node.left, *node.comparators]
                secret = [one for one in sides if isinstance(one, ast.Call) and named(one) == "get_secret_value"]
                assert not secret, f"{path}:{node.lineno}"
