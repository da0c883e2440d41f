"""Who was shown what: one entry for each key whose payloads were asked for."""

from enum import StrEnum

from pydantic import AwareDatetime

from sop.models import Payload, Principal, Role


class Via(StrEnum):
    """How the reader said who they are."""

    SESSION = "session"
    API_KEY = "api_key"
    TOKEN = "token"  # noqa: S105 - the name of a kind of credential


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
        action: What was asked for: `decode`.
        owner: Whose payloads: a case's id, or `handrail`; None where no key tells.
        key_id: The key; None for those that are not known here, which are told together.
        count: How many payloads.
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
