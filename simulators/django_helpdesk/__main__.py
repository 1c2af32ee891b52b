"""``python -m simulators.django_helpdesk``; what it does stands in the package."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m simulators.django_helpdesk", description="A real django-helpdesk.")
    parser.add_argument("folder", type=Path, help="where its database and files are kept")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--hook-url", default="", help="told of every new ticket and follow-up")
    parser.add_argument("--leashed", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if options.leashed:
        threading.Thread(target=_end_with_input, daemon=True).start()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        import django  # type: ignore[import-untyped]  # noqa: PLC0415 - may be missing
        from django.conf import settings  # type: ignore[import-untyped]  # noqa: PLC0415

        settings.configure(**configuration(options.folder.resolve(), options.hook_url))
        django.setup()
    except ModuleNotFoundError as error:
        sys.exit(f"firstline: django-helpdesk is not installed ({error.name} is missing). Run: make setup-dev")
    from simulators.django_helpdesk import site  # noqa: PLC0415 - only after the settings

    try:
        site.serve(options.folder, options.port)
    except KeyboardInterrupt:
        sys.exit(0)


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def configuration(folder: Path, hook_url: str) -> dict[str, Any]:
    """Django's settings: what its own documents and django-helpdesk's ask for, on SQLite, in English."""
    contrib = ("admin", "auth", "contenttypes", "sessions", "sites", "messages", "staticfiles", "humanize")
    middleware = (
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    )
    processors = ("template.context_processors.request", "contrib.auth.context_processors.auth",
                  "contrib.messages.context_processors.messages")  # fmt: skip
    return {
        "SECRET_KEY": secrets.token_urlsafe(40),
        "ALLOWED_HOSTS": ["127.0.0.1", "localhost"],
        "INSTALLED_APPS": [f"django.contrib.{name}" for name in contrib]
        + ["rest_framework", "rest_framework.authtoken", "helpdesk"],
        "MIDDLEWARE": list(middleware),
        "ROOT_URLCONF": "simulators.django_helpdesk.site",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": [f"django.{name}" for name in processors]},
            }
        ],
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "desk.db",
                "CONN_MAX_AGE": None,  # as long as its thread
                "OPTIONS": {
                    "timeout": 20,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
                },
            }
        },
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "rest_framework.authentication.TokenAuthentication",
                "rest_framework.authentication.SessionAuthentication",
            ]
        },
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(folder / "mail"),
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "MEDIA_ROOT": str(folder / "media"),
        "MEDIA_URL": "/media/",
        "STATIC_URL": "/static/",
        "LOGIN_URL": "/login/",
        "LOGIN_REDIRECT_URL": "/tickets/",
        "SITE_ID": 1,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        # A desk for trying things out: one password, made at random, and no wish to spend a second on its hash.
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "HELPDESK_TEAMS_MODE_ENABLED": False,
        "HELPDESK_GET_NEW_TICKET_WEBHOOK_URLS": lambda: [hook_url] if hook_url else [],
        "HELPDESK_GET_FOLLOWUP_WEBHOOK_URLS": lambda: [hook_url] if hook_url else [],
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {
                "errors": {"class": "logging.StreamHandler", "level": "ERROR"},
                "none": {"class": "logging.NullHandler"},
            },
            "loggers": {
                "django": {"handlers": ["errors"]},
                "django.server": {"handlers": ["none"], "propagate": False},
            },
        },
    }


if __name__ == "__main__":
    main()
