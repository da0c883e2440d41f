"""Everything a privacy request knows: its workflow's state, carried whole by continue-as-new."""

from pydantic import AwareDatetime

from sop.disposal import Kept
from sop.models import Actor, Channel, Payload
from sop.policy import PrivacyPolicy
from sop.privacy.messages import PrivacyOrder
from sop.privacy.models import (
    ClosedPrivacyAs,
    ExtensionReason,
    HoldReason,
    Law,
    RefusalReason,
    RequestKind,
    ToldBy,
    VerificationMethod,
    Work,
)
from sop.state import CaseState


class PrivacyState(CaseState):
    """The facts of one request. Stage, holder and what is missing are derived from them.

    Attributes:
        due_at: By when the requester must be answered; None for a hold, which nobody waits for.
        warnings: How many of the policy's warnings have passed.
        paged_at: When the clock paged because the time was running out.
        overdue_at: When the clock noticed that the time had passed.
        approved_by_officer: Whoever approved is a privacy officer.
        work: What is under way; the workflow has it done.
        attempts: How often an erasure was done: each has a certificate of its own.
        look_again_at: When what was held is looked at again.
        placed_at: When the hold began to stand.
        review_overdue_at: When the clock noticed that a hold was not reviewed.
        export_until: How long the export's document is kept.
    """

    kind: RequestKind
    law: Law
    customer_id: str
    channel: Channel
    due_at: AwareDatetime | None = None
    extended_at: AwareDatetime | None = None
    extension_reason: ExtensionReason | None = None
    warnings: int = 0
    paged_at: AwareDatetime | None = None
    overdue_at: AwareDatetime | None = None
    verified_at: AwareDatetime | None = None
    verified_by: str | None = None
    verification: VerificationMethod | None = None
    approved_at: AwareDatetime | None = None
    approved_by: str | None = None
    approved_by_officer: bool = False
    released_at: AwareDatetime | None = None
    released_by: str | None = None
    refusal: RefusalReason | None = None
    answered_at: AwareDatetime | None = None
    told_by: ToldBy | None = None
    work: Work | None = None
    executed_at: AwareDatetime | None = None
    look_again_at: AwareDatetime | None = None
    attempts: int = 0
    counts: dict[str, int] = {}
    withheld: tuple[str, ...] = ()
    remaining: tuple[Kept, ...] = ()
    certificates: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    hold_reason: HoldReason | None = None
    placed_at: AwareDatetime | None = None
    review_at: AwareDatetime | None = None
    review_overdue_at: AwareDatetime | None = None
    export_until: AwareDatetime | None = None
    closed_as: ClosedPrivacyAs | None = None
    closed_by: str | None = None
    digest: str = ""


class PrivacyStart(Payload):
    """The input of a privacy request's workflow.

    Attributes:
        order: What it begins with; None when it was continued as new.
        state: The whole request, when it was continued as new.
    """

    case_id: str
    policy: PrivacyPolicy
    opened_by: Actor
    order: PrivacyOrder | None = None
    state: PrivacyState | None = None


class PrivacyOutcome(Payload):
    """How a request ended."""

    case_id: str
    closed_as: ClosedPrivacyAs
    entries: int
