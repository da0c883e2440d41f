"""Who a customer is: what they are compared with, and the comparison (HOF-4.1)."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Response

from api import limits, presenting
from api.attempts import require_attempt
from api.dependencies import JSON_BODY, RequiredKey, fingerprint, permitted
from api.identifying import attempt_id
from api.openapi import problems
from api.parts import WithParts
from api.schemas.identity import Identified, IdentifyIn, IdentityRecord, IdentityRecordIn
from api.sight import require_access
from runtime.case_errors import UnknownCaseError
from sop.errors import InvalidValueError
from sop.evidence import NOT_COMPARED, Attempt, check_forms
from sop.messages import Identify
from sop.models import Actor

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

router = APIRouter(
    prefix="/v1/customers/{customer_id}",
    tags=["customers"],
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses=problems(
        "malformed-json", "unauthenticated", "not-allowed", "not-found", "body-too-large",
        "unsupported-media-type", "invalid-request", "invalid-value", "internal-error",
        "crm-unavailable",
    ),
)  # fmt: skip

CustomerId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="The customer's id in your systems.",
        examples=["C-1042"],
    ),
]


@router.put(
    "/identity-record",
    operation_id="keep_identity_record",
    summary="Replace what a customer is compared with",
)
async def keep_identity_record(
    customer_id: CustomerId,
    body: IdentityRecordIn,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("keep_identity_record"))],
) -> IdentityRecord:
    """Keep these forms, as hashes, in the place of all that was kept of the customer before."""
    kept = await parts.identity.replace(customer_id, body.factors())
    log.info("identity_record.replaced", actor=actor.principal, count=len(kept))
    return presenting.identity_record(parts, customer_id, kept)


@router.post(
    "/identifications",
    operation_id="identify",
    summary="Check who the customer is",
    responses={
        202: {"model": Identified, "description": "Done; the CRM follows."},
        **problems(
            "malformed-json", "idempotency-key-missing", "not-allowed", "untrained", "not-found",
            "case-not-found",
            "case-closed", "behind-gate", "wrong-stage", "invalid-request", "invalid-value",
            "idempotency-key-reused", "too-many-requests", "crm-unavailable",
            "temporal-unavailable", "not-answered",
        ),
    },
)  # fmt: skip
async def identify(
    customer_id: CustomerId,
    body: IdentifyIn,
    key: RequiredKey,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("identify"))],
    response: Response,
) -> Identified:
    """Compare two forms with the customer's record; the case learns whether each matched.

    The answer says what came of it once the case has it on record, never which part failed, and
    is the same for a customer of whom nothing is known. Without forms nothing is compared and
    nothing counted: what was noticed, or what the customer was told, is taken to the case alone.
    """
    rule = parts.cases.policy.case.identification
    if rule is None:
        raise InvalidValueError("The policy in force has no [identification].", clause="HOF-4.1.2")
    presented = body.presented()
    if presented or not body.reports:
        check_forms(rule, tuple(form.form for form in presented))
    await require_access(parts, actor, "identify", body.case_id)
    # What the case would refuse is no attempt of the customer's.
    await parts.cases.require_trained(actor, Identify.step, body.case_id)
    if not await parts.cases.exists_for(actor, body.case_id):
        raise UnknownCaseError(body.case_id)
    attempt = Attempt(
        attempt_id=attempt_id(actor.principal, customer_id, body.case_id, key),
        customer_id=customer_id,
        case_id=body.case_id,
        representative=actor.principal,
        presented=presented,
    )
    checked = NOT_COMPARED
    if presented:
        await require_attempt(parts, attempt)
        checked = await parts.identity.check(attempt, rule)
    said = body.said(customer_id)
    command = Identify(
        actor=actor,
        digest=fingerprint("identify", said),
        customer_id=customer_id,
        forms=checked.forms,
        attempt=checked.number,
        exhausted=checked.exhausted,
        noticed=said.noticed,
        need_explained=said.need_explained,
        confidentiality_assured=said.confidentiality_assured,
    )
    receipt = await parts.cases.step(body.case_id, command, key=key)
    response.status_code = 200 if receipt.recorded else 202
    return presenting.identified(parts, receipt)
