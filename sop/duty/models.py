"""The vocabulary of a duty: what it is about, how it can end, its row."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import AwareDatetime

from sop.models import Payload, Principal, Role, Slug


class DutyKind(StrEnum):
    """What somebody must do because a schedule says so."""

    PROCEDURE_REVIEW = "procedure_review"
    TRAINING_REMINDER = "training_reminder"
    AUDIT = "audit"


class DutyOutcome(StrEnum):
    """What came of it."""

    DONE = "done"
    NO_FINDING = "no_finding"
    FINDING = "finding"
    BREACH = "breach"


OUTCOMES: Mapping[DutyKind, tuple[DutyOutcome, ...]] = MappingProxyType(
    {
        DutyKind.PROCEDURE_REVIEW: (DutyOutcome.DONE, DutyOutcome.FINDING),
        DutyKind.TRAINING_REMINDER: (DutyOutcome.DONE,),
        DutyKind.AUDIT: (DutyOutcome.NO_FINDING, DutyOutcome.FINDING, DutyOutcome.BREACH),
    }
)
"""How each kind can end."""

TOLD_IN_WORDS = frozenset({DutyOutcome.FINDING, DutyOutcome.BREACH})
"""Outcomes that need the findings in words."""


class DutyStage(StrEnum):
    """Where a duty stands; derived from the facts by `sop.duty.case.DutyCase.stage`."""

    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"


class Renewal(Payload):
    """Whose training in which course ends, and what renews it.

    Attributes:
        renewed_from: A training that was completed then or later counts beyond the end.
    """

    principal: Principal
    course: Slug
    renewed_from: AwareDatetime


class DutyOrder(Payload):
    """A duty that is to be opened. Its id follows from what it is about: nothing opens twice.

    Attributes:
        clause: The clause that asks for it.
        subject: What is to be done, in a line without personal data.
        about: The policy's version, the person, or the case.
        role: Who does it, and is paged first when nobody has.
        excluded: Who may not do it: they handled the case that is audited (HOF-6.2).
        renewal: What ends a training reminder by itself.
    """

    duty_id: str
    kind: DutyKind
    clause: str
    subject: str
    about: str | None = None
    role: Role
    due_at: AwareDatetime
    excluded: tuple[str, ...] = ()
    renewal: Renewal | None = None


class DutyRow(Payload):
    """The duty's row as it stands after journal entry `version`."""

    duty_id: str
    version: int
    kind: DutyKind
    stage: DutyStage
    clause: str
    subject: str
    about: str | None = None
    role: Role
    assignee: str | None = None
    holder: str | None = None
    escalation_level: int = 0
    due_at: AwareDatetime
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    done_at: AwareDatetime | None = None
    done_by: str | None = None
    outcome: DutyOutcome | None = None
    findings: str | None = None
    policy_version: str = ""
