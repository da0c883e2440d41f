"""Opening a privacy request, its steps, and what is shown of it (HOF-5.1)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.inquiries import Cursor, Links, PageLinks
from api.schemas.values import InstantIn, Moment, Request, View
from sop.disposal import Because
from sop.models import Channel
from sop.policy_rules import LegalBasis
from sop.privacy.models import (
    ClosedPrivacyAs,
    CustomerId,
    ExtensionReason,
    HeldCase,
    HoldReason,
    Law,
    PrivacyStage,
    RefusalReason,
    RequestKind,
    ToldBy,
    VerificationMethod,
)


class PrivacyRequestIn(Request):
    """A request for erasure or export; or a legal hold, which a privacy officer places."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "erasure", "customer_id": "c-1", "law": "gdpr", "channel": "email"},
                {
                    "kind": "hold",
                    "customer_id": "c-1",
                    "channel": "email",
                    "reason": "litigation",
                    "review_at": "2026-12-23T12:00:00Z",
                },
            ]
        }
    )

    kind: RequestKind = Field(description="What is asked for.")
    customer_id: CustomerId = Field(description="Whose data.", examples=["c-1"])
    law: Law = Field(Law.GDPR, description="Whose clock counts: one month, or 45 days.")
    channel: Channel = Field(description="How the request reached the company.")
    cases: Annotated[list[HeldCase], Field(max_length=200)] = Field(
        default=[],
        description="Of a hold: only these cases; none: everything of the customer.",
    )
    reason: HoldReason | None = Field(None, description="Of a hold: why.")
    review_at: InstantIn | None = Field(
        None,
        description="Of a hold: when somebody sees whether it is still needed.",
        examples=["2026-12-23T12:00:00Z"],
    )


class VerifyRequesterIn(Request):
    """How the requester was verified. What they showed is kept nowhere."""

    method: VerificationMethod = Field(description="How.")


class ApproveIn(Request):
    """The first of two decisions: nothing needs to be said."""


class ReleaseIn(Request):
    """The second of two decisions: nothing needs to be said."""


class RejectIn(Request):
    """Why the request is refused."""

    reason: RefusalReason = Field(description="Why.")
    told_by: ToldBy = Field(description="How the requester was told.")


class ExtendIn(Request):
    """Why the clock is extended."""

    reason: ExtensionReason = Field(description="Why; the requester was told so.")
    told_by: ToldBy = Field(description="How the requester was told.")


class CompleteIn(Request):
    """The answer to the requester."""

    told_by: ToldBy = Field(description="How the requester was told, or given the document.")


class ReviewHoldIn(Request):
    """The hold is still needed."""

    review_at: InstantIn = Field(
        description="When that is looked at again.", examples=["2027-01-23T12:00:00Z"]
    )


class PrivacyOpened(View):
    """A request that was opened, by this call or by an earlier one with the same key."""

    case_id: str = Field(description="The request's id.", examples=["privacy-5f0c2a9b71d3e84c"])
    created: bool = Field(description="False: an earlier call with this key opened it.")
    links: Links = Field(description="Where to go from here.")


class KeptView(View):
    """Records that an erasure left, and why."""

    case_id: str = Field(description="Of which case; or `customer-` and the customer's id.")
    record_class: str = Field(description="Of which class.")
    because: Because = Field(description="Why.")
    basis: LegalBasis | None = Field(description="The legal basis, where that is why.")
    holds: list[str] = Field(description="The legal holds, where they are why.")
    until: Moment | None = Field(description="Until when, where that is known.")


class PrivacyRequestView(View):
    """A privacy request. It holds codes only, beside the customer's id."""

    recorded: Literal[True] = Field(default=True, description="The CRM has the request.")
    request_id: str = Field(description="The request's id.")
    version: int = Field(description="The number of the last journal entry that is shown here.")
    kind: RequestKind = Field(description="What is asked for.")
    law: Law = Field(description="Whose clock counts.")
    customer_id: str = Field(description="Whose data.")
    channel: Channel = Field(description="How the request reached the company.")
    stage: PrivacyStage = Field(description="Where it stands.")
    cases: list[str] = Field(description="Of a hold: the cases; none: the customer's all.")
    hold_reason: HoldReason | None = Field(description="Of a hold: why.")
    review_at: Moment | None = Field(description="Of a hold: when it is to be reviewed.")
    opened_by: str = Field(description="Who opened it.")
    holder: str | None = Field(description="Who has it now: who took its escalation.")
    escalation_level: int = Field(description="The highest level that is escalated to; 0: none.")
    received_at: Moment = Field(description="When it was received; the law counts from it.")
    due_at: Moment | None = Field(description="By when the requester must be answered.")
    extended_at: Moment | None = Field(description="When the time was extended.")
    extension_reason: ExtensionReason | None = Field(description="Why.")
    overdue_at: Moment | None = Field(description="When it was noticed to be overdue.")
    verified_at: Moment | None = Field(description="When the requester was verified.")
    verified_by: str | None = Field(description="By whom.")
    verification: VerificationMethod | None = Field(description="How.")
    approved_at: Moment | None = Field(description="When the first of two approved it.")
    approved_by: str | None = Field(description="Who did.")
    released_at: Moment | None = Field(description="When the second of two released it.")
    released_by: str | None = Field(description="Who did.")
    refusal: RefusalReason | None = Field(description="Why it was refused.")
    answered_at: Moment | None = Field(description="When the requester was told.")
    told_by: ToldBy | None = Field(description="How.")
    executed_at: Moment | None = Field(description="When it was done, for the first time.")
    counts: dict[str, int] = Field(description="What an export found, or an erasure destroyed.")
    withheld: list[str] = Field(description="What an export leaves out, and why.")
    remaining: list[KeptView] = Field(description="What an erasure left, and why.")
    certificates: list[str] = Field(description="The certificates of the destruction.")
    export_until: Moment | None = Field(description="Until when the document may be fetched.")
    next_deadline: Moment | None = Field(description="When the request acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")
    closed_at: Moment | None = Field(description="When it was closed.")
    closed_as: ClosedPrivacyAs | None = Field(description="How it ended.")
    closed_by: str | None = Field(description="By whom.")
    policy_version: str = Field(description="The policy version that it is pinned to.")
    opened_at: Moment = Field(description="When its workflow began.")
    updated_at: Moment = Field(description="When the workflow wrote what is shown here.")
    links: Links = Field(description="Where to go from here.")


class UnrecordedRequest(View):
    """A request that is safe in its workflow, while the CRM does not have it yet."""

    recorded: Literal[False] = Field(
        default=False, description="The CRM will have the request shortly."
    )
    request_id: str = Field(description="The request's id.")
    links: Links = Field(description="Where to go from here.")


class PrivacyQuery(Request):
    """Which requests a list shows."""

    kind: RequestKind | None = Field(None, description="Only of this kind.")
    customer_id: CustomerId | None = Field(None, description="Only this customer's.")
    open: bool = Field(default=False, description="true: without the closed ones.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Requests on a page.")


class PrivacyRequestPage(View):
    """A page of requests: the next deadline first, those without one last."""

    requests: list[PrivacyRequestView] = Field(description="The requests.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")
