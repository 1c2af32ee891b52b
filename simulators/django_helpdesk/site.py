"""The site itself; imported once Django has its settings."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.contrib import admin  # type: ignore[import-untyped]
from django.contrib.admin.views.decorators import staff_member_required  # type: ignore[import-untyped]
from django.contrib.auth.models import User  # type: ignore[import-untyped]
from django.contrib.sites.models import Site  # type: ignore[import-untyped]
from django.contrib.staticfiles.handlers import StaticFilesHandler  # type: ignore[import-untyped]
from django.core.management import call_command  # type: ignore[import-untyped]
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # type: ignore[import-untyped]
from django.core.wsgi import get_wsgi_application  # type: ignore[import-untyped]
from django.urls import include, path, re_path  # type: ignore[import-untyped]
from django.views.static import serve as serve_file  # type: ignore[import-untyped]
from helpdesk.models import CustomField, Queue  # type: ignore[import-untyped]
from rest_framework.authtoken.models import Token  # type: ignore[import-untyped]

from simulators.django_helpdesk import Access

if TYPE_CHECKING:
    from pathlib import Path

AGENT, BOT, PASSWORD_FILE = "agent", "customer-via-firstline", "password"
FIELDS = {"external_id": "Reference of the bot", "requester": "Who asked"}


class _Handler(WSGIRequestHandler):  # type: ignore[misc]
    """Sends headers and body without waiting for the first to be acknowledged."""

    disable_nagle_algorithm = True


def serve(folder: Path, port: int) -> None:
    """Make what is missing, say where it is, and answer until the process ends."""
    call_command("migrate", verbosity=0, interactive=False)
    queue, _ = Queue.objects.get_or_create(slug="support", defaults={"title": "Support"})
    for name, label in FIELDS.items():
        wanted = {"label": label, "data_type": "varchar", "max_length": 255, "staff_only": True}
        CustomField.objects.get_or_create(name=name, defaults=wanted)
    server = ThreadedWSGIServer(("127.0.0.1", port), _Handler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    address = f"127.0.0.1:{server.server_port}"
    Site.objects.update_or_create(id=1, defaults={"domain": address, "name": "Support"})
    url = f"http://{address}"
    access = Access(
        url=url,
        section={
            "kind": "django_helpdesk",
            "url": url,
            "token": _token(BOT, secrets.token_urlsafe(24)),
            "queue": queue.id,
            "queue_slug": queue.slug,
        },
        agent_token=_token(AGENT, password := _password(folder)),
        agent=AGENT,
        password=password,
    )
    sys.stdout.write(f"{json.dumps(asdict(access))}\n")
    sys.stdout.flush()
    server.serve_forever()


def _token(name: str, password: str) -> str:
    """The token of somebody of the staff, who is made where missing; nobody here is a superuser."""
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    user.set_password(password)
    user.save()
    token, _ = Token.objects.get_or_create(user=user)
    return str(token.key)


def _password(folder: Path) -> str:
    """The agent's, kept beside the database, so that a desk that is started again has the same."""
    file = folder / PASSWORD_FILE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9), encoding="utf-8")
    return file.read_text(encoding="utf-8")


@staff_member_required(login_url="/login/")  # type: ignore[untyped-decorator]
def _attachment(request: Any, name: str) -> Any:
    """What users sent is for agents alone."""
    from django.conf import settings  # type: ignore[import-untyped]  # noqa: PLC0415

    return serve_file(request, name, document_root=settings.MEDIA_ROOT)


urlpatterns = [
    re_path(r"^media/(?P<name>.*)$", _attachment),
    path("admin/", admin.site.urls),
    path("", include("helpdesk.urls", namespace="helpdesk")),
]
