"""One route for each Update of a privacy request (HOF-5.1)."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import limits, presenting
from api.dependencies import JSON_BODY, fingerprint
from api.openapi import problems
from api.reporting import PrivacyStep, privacy_steps
from api.schemas import privacy as s
from api.schemas import steps
from api.schemas.steps import PrivacyReceipt
from sop import messages as m
from sop.models import Slug
from sop.privacy import messages as p

router = APIRouter(
    prefix=presenting.PRIVACY_REQUESTS + "/{case_id}",
    tags=["privacy steps"],
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses={
        202: {"model": PrivacyReceipt, "description": "Done; the CRM follows."},
        **problems(
            "malformed-json", "unauthenticated", "not-allowed", "case-not-found", "case-closed",
            "behind-gate", "wrong-stage", "body-too-large", "unsupported-media-type",
            "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
            "internal-error", "crm-unavailable", "temporal-unavailable", "not-answered",
        ),
    },
)  # fmt: skip


@router.post("/verify-requester", operation_id="verify_requester", summary="Verify the requester")
async def verify_requester(
    body: s.VerifyRequesterIn,
    report: Annotated[PrivacyStep[p.VerifyRequester], privacy_steps(p.VerifyRequester)],
) -> PrivacyReceipt:
    """Record how the requester was verified; nothing is done for anybody before."""
    return await report.take(body)


@router.post(
    "/approve", operation_id="approve_privacy_request", summary="Approve it, as the first of two"
)
async def approve_privacy_request(
    body: s.ApproveIn,
    report: Annotated[PrivacyStep[p.ApprovePrivacyRequest], privacy_steps(p.ApprovePrivacyRequest)],
) -> PrivacyReceipt:
    """Approve the erasure, the export, or the end of the hold."""
    return await report.take(body)


@router.post(
    "/release", operation_id="release_privacy_request", summary="Release it, as the second of two"
)
async def release_privacy_request(
    body: s.ReleaseIn,
    report: Annotated[PrivacyStep[p.ReleasePrivacyRequest], privacy_steps(p.ReleasePrivacyRequest)],
) -> PrivacyReceipt:
    """Release what another person has approved: it is done from now on, and not undone."""
    return await report.take(body)


@router.post("/refuse", operation_id="reject_privacy_request", summary="Refuse the request")
async def reject_privacy_request(
    body: s.RejectIn,
    report: Annotated[PrivacyStep[p.RejectPrivacyRequest], privacy_steps(p.RejectPrivacyRequest)],
) -> PrivacyReceipt:
    """Refuse it with a reason that the requester was told."""
    return await report.take(body)


@router.post("/extend", operation_id="extend_privacy_request", summary="Extend the law's clock")
async def extend_privacy_request(
    body: s.ExtendIn,
    report: Annotated[PrivacyStep[p.ExtendPrivacyRequest], privacy_steps(p.ExtendPrivacyRequest)],
) -> PrivacyReceipt:
    """Extend it once, before it has run out, with a reason that the requester was told."""
    return await report.take(body)


@router.post(
    "/complete", operation_id="complete_privacy_request", summary="Say that the requester was told"
)
async def complete_privacy_request(
    body: s.CompleteIn,
    report: Annotated[
        PrivacyStep[p.CompletePrivacyRequest], privacy_steps(p.CompletePrivacyRequest)
    ],
) -> PrivacyReceipt:
    """Say that the requester was told what was done; the law's clock ends."""
    return await report.take(body)


@router.post("/review", operation_id="review_hold", summary="Say that a hold is still needed")
async def review_hold(
    body: s.ReviewHoldIn, report: Annotated[PrivacyStep[p.ReviewHold], privacy_steps(p.ReviewHold)]
) -> PrivacyReceipt:
    """Say when it is looked at again."""
    return await report.take(body)


@router.post(
    "/escalations/{rung}/{occasion}/acknowledgement",
    operation_id="acknowledge_privacy_escalation",
    summary="Take an escalation of a privacy request",
    responses=problems("stale-acknowledgement", "behind-gate", "wrong-stage", "case-closed"),
)
async def acknowledge_privacy_escalation(
    rung: Annotated[Slug, Path(description="The row of the matrix.", examples=["breach"])],
    occasion: Annotated[int, Path(ge=1, le=100_000, description="Which time it fired.")],
    body: steps.AcknowledgeIn,
    report: Annotated[PrivacyStep[m.Acknowledge], privacy_steps(m.Acknowledge)],
) -> PrivacyReceipt:
    """Take an escalation at the level at which it stands; work on the request keeps it."""
    step = report.step(body, digest=fingerprint(f"acknowledge/{rung}/{occasion}", body))
    receipt = await report.parts.cases.acknowledge(
        report.case_id, rung, occasion, step, key=report.key
    )
    return report.show(receipt)
