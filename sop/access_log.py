"""Who was shown what: one entry for each key whose payloads were asked for, and each export."""

from enum import StrEnum

from pydantic import AwareDatetime

from sop.models import Actor, Payload, Principal, Role


class Via(StrEnum):
    """How the reader said who they are."""

    SESSION = "session"
    API_KEY = "api_key"
    TOKEN = "token"  # noqa: S105 - the name of a kind of credential
    COMMAND = "command"
    """By a command on a machine that has the keys; the principal is the user there."""


class Outcome(StrEnum):
    """What became of the payloads of a key."""

    OPENED = "opened"
    DENIED = "denied"
    """The reader may not read the case."""

    UNKNOWN = "unknown"
    """The key was destroyed, or there is none of this name here."""

    DAMAGED = "damaged"
    """What was sent had been altered, or belongs elsewhere."""


class AccessEntry(Payload):
    """A line of the access log; it is written before anything is shown.

    Attributes:
        action: What was asked for: `decode`, or `read_privacy_export`, the document of an export.
        owner: Whose payloads or document: a case's id, or `handrail`; None where no key tells.
        key_id: The key; None for those that are not known here, which are told together, and for
            documents.
        count: How many payloads or documents.
    """

    entry_id: str
    at: AwareDatetime
    principal: Principal
    role: Role
    via: Via
    action: str
    owner: str | None = None
    key_id: str | None = None
    count: int
    outcome: Outcome


class AccessFilter(Payload):
    """Which entries are asked for; what is None does not matter."""

    owner: str | None = None
    principal: str | None = None
    since: AwareDatetime | None = None
    before: AwareDatetime | None = None


class AccessPage(Payload):
    """A page of entries, and where the next one begins."""

    entries: tuple[AccessEntry, ...]
    next_cursor: str | None = None


def fetched(
    entry_id: str, request_id: str, actor: Actor, via: Via, at: AwareDatetime
) -> AccessEntry:
    """Return the entry of who fetches the document of an export (HOF-5.3)."""
    return AccessEntry(
        entry_id=entry_id,
        at=at,
        principal=actor.principal,
        role=actor.role,
        via=via,
        action="read_privacy_export",
        owner=request_id,
        count=1,
        outcome=Outcome.OPENED,
    )
