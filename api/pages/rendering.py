"""Pages from templates: everything that a person wrote is escaped, and no script may run."""

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from sop.handoff.brief_models import Brief
from sop.models import Actor
from sop.policy import Desk
from sop.telling import words


def brief_page(brief: Brief, desk: Desk) -> str:
    """Return a brief as a page that can be read on a phone, and printed."""
    template = _environment().get_template("brief.html")
    return template.render(brief=brief, local=desk.local, words=words).lstrip()


def codec_page(*, actor: Actor | None, wrong: str, url: str, ui: str) -> str:
    """Return the codec server's page: who is logged in, or the form."""
    template = _environment().get_template("codec.html")
    return template.render(actor=actor, wrong=wrong, url=url, ui=ui, words=words).lstrip()


@cache
def content_security_policy(*, form_action: str = "'none'") -> str:
    """Return what a page may load: its own style, known by its hash, and nothing else."""
    style = _environment().get_template("print.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        f"form-action {form_action}; "
        "frame-ancestors 'none'"
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
