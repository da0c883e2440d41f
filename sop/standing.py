"""How a case stands, as far as its certificate and its explanation must know it."""

from enum import StrEnum

from pydantic import AwareDatetime

from sop.models import Payload


class CaseKind(StrEnum):
    """Which procedure a case follows; its id begins with it."""

    INQUIRY = "inquiry"
    HANDOFF = "handoff"
    INCIDENT = "incident"
    PRIVACY = "privacy"


class Standing(Payload):
    """What is taken from a case's row, of whichever kind.

    Attributes:
        stage: None where the CRM does not have the case yet.
        closed_as: How it ended, e.g. `resolved`.
        custody: Who has what is handed over; only a handoff has it.
    """

    case_id: str
    kind: CaseKind
    stage: str | None = None
    holder: str | None = None
    custody: str | None = None
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    closed_at: AwareDatetime | None = None
    closed_as: str | None = None
    policy_version: str = ""


def kind_of(case_id: str) -> CaseKind | None:
    """Return the kind that an id begins with; None for what is no case's id."""
    prefix, dash, rest = case_id.partition("-")
    known = dash and rest and prefix in set(CaseKind)
    return CaseKind(prefix) if known else None
