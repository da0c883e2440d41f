"""The vocabulary of an incident (HOF-6.3): a breach, its corrective actions, its row."""

from enum import StrEnum

from pydantic import AwareDatetime

from sop.models import Payload, Principal, ShortText, Slug, Text


class IncidentStage(StrEnum):
    """Where an incident stands; derived from the facts by `sop.incident.stages.stage_of`."""

    OPEN = "open"
    CORRECTING = "correcting"
    CLOSED = "closed"


class IncidentOpening(Payload):
    """What a caller says of a breach.

    Attributes:
        clause: The clause that was not kept, e.g. `HOF-5.2`.
        case_id: The inquiry or handoff in which it happened, where there is one.
        known_at: When somebody of the company knew; the regulator's clock counts from it.
    """

    clause: str
    subject: ShortText
    text: Text
    case_id: str | None = None
    known_at: AwareDatetime | None = None


class CorrectiveAction(Payload):
    """Something that is mended, by somebody, by a date.

    Attributes:
        overdue_at: When the clock noticed that the date had passed without a result.
    """

    action: Slug
    description: ShortText
    owner: Principal
    due_at: AwareDatetime
    opened_at: AwareDatetime
    done_at: AwareDatetime | None = None
    done_by: str | None = None
    result: ShortText | None = None
    overdue_at: AwareDatetime | None = None


class IncidentRow(Payload):
    """The incident's row as it stands after journal entry `version`.

    Attributes:
        regulator_reference: Under which the regulator has the notice.
        regulator_decision: Why the regulator need not be told, where that was decided.
    """

    incident_id: str
    version: int
    case_id: str | None = None
    stage: IncidentStage
    clause: str
    subject: str
    text: str
    opened_by: str
    holder: str | None = None
    escalation_level: int = 0
    known_at: AwareDatetime
    regulator_due_at: AwareDatetime
    regulator_informed_at: AwareDatetime | None = None
    regulator_reference: str | None = None
    regulator_decision: str | None = None
    actions: tuple[CorrectiveAction, ...] = ()
    received_at: AwareDatetime
    received_local: str = ""
    next_deadline: AwareDatetime | None = None
    next_deadline_what: str | None = None
    closed_at: AwareDatetime | None = None
    closed_by: str | None = None
    outcome: str | None = None
    policy_version: str = ""
    request_digest: str = ""
