"""A process that renders comments as django-helpdesk's `update_ticket` does: JSON list in, JSON list out."""

from __future__ import annotations

import json
import sys

import django  # type: ignore[import-untyped]
from django.conf import settings  # type: ignore[import-untyped]
from django.template import engines  # type: ignore[import-untyped]

_MARKS = ("X-HELPDESK-COMMENT-VERBATIM", "X-HELPDESK-COMMENT-ENDVERBATIM")


def rendered(comment: str) -> str:
    """Word for word what stands in `helpdesk.update_ticket`."""
    opening, closing = _MARKS
    comment = comment.replace("{%", opening).replace("%}", closing)
    comment = comment.replace(opening, "{% verbatim %}{%").replace(closing, "%}{% endverbatim %}")
    result: str = engines["django"].from_string(comment).render({"ticket": {"secret_key": "SECRET"}})
    return result


if __name__ == "__main__":
    settings.configure(TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
    django.setup()
    sys.stdout.write(json.dumps([rendered(comment) for comment in json.load(sys.stdin)]))
