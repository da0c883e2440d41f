"""The staff's training: recorded by others, and shown before it ends (INQ-8.2, HOF-6.1)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool

from api import limits
from api.dependencies import JSON_BODY, permitted
from api.openapi import problems
from api.parts import Parts, WithParts
from api.schemas.staff import (
    CompletedIn,
    CourseStandingView,
    ExpiringList,
    ExpiringQuery,
    ExpiringView,
    TrainingRecordView,
    TrainingView,
)
from api.schemas.values import shown
from sop.access import require_on
from sop.durations import parse_duration
from sop.models import Actor, Principal, Slug
from sop.object_rules import ObjectFacts
from sop.training import TrainingRecord, attest, expiring, standing

router = APIRouter(
    prefix="/v1/staff",
    tags=["staff"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "crm-unavailable"
    ),
)

Person = Annotated[
    Principal, Path(description="The principal of the person's API key.", examples=["ana"])
]
CourseName = Annotated[
    Slug, Path(description="A course of the policy.", examples=["inquiry_handling"])
]


@router.put(
    "/{principal}/training/{course}",
    operation_id="record_training",
    summary="Record a completed training",
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses=problems(
        "malformed-json", "body-too-large", "unsupported-media-type", "invalid-value"
    ),
)
async def record_training(
    principal: Person,
    course: CourseName,
    body: CompletedIn,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("record_training"))],
) -> TrainingView:
    """Record what another person has completed; the same again changes nothing."""
    record = attest(
        actor,
        principal,
        course,
        completed_at=body.completed_at,
        evidence=body.evidence,
        policy=parts.cases.policy,
        now=datetime.now(UTC),
    )
    await run_in_threadpool(parts.training.record, record)
    return await _training_of(parts, principal)


@router.get(
    "/training/expiring",
    operation_id="list_expiring_training",
    summary="List the trainings that end soon",
)
async def list_expiring_training(
    query: Annotated[ExpiringQuery, Query()],
    parts: WithParts,
    _: Annotated[Actor, Depends(permitted("list_expiring_training"))],
) -> ExpiringList:
    """List whose training ends soon, the first to end first; it is to be renewed by then."""
    policy, now = parts.cases.policy, datetime.now(UTC)
    within = parse_duration(query.within) if query.within else policy.training_warn_before
    still_counts = now - policy.training_valid_for
    latest = await run_in_threadpool(lambda: parts.training.latest(completed_after=still_counts))
    found = expiring(latest, policy, now, within)
    return ExpiringList(
        expiring=[
            ExpiringView.model_validate({"principal": record.principal, **shown(known, parts.desk)})
            for record, known in found
        ]
    )


@router.get(
    "/{principal}/training", operation_id="read_training", summary="Read a person's training"
)
async def read_training(
    principal: Person,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("read_training"))],
) -> TrainingView:
    """Read one's own training; supervisors, operators and auditors read everybody's."""
    require_on(actor, "read_training", ObjectFacts(about=principal))
    return await _training_of(parts, principal)


async def _training_of(parts: Parts, principal: str) -> TrainingView:
    policy, now = parts.cases.policy, datetime.now(UTC)
    records = await run_in_threadpool(parts.training.of, principal)
    return TrainingView(
        principal=principal,
        courses=[
            CourseStandingView.model_validate(
                shown(standing(records, course.course, policy, now), parts.desk)
            )
            for course in policy.courses
        ],
        records=[_record(parts, record) for record in records],
    )


def _record(parts: Parts, record: TrainingRecord) -> TrainingRecordView:
    return TrainingRecordView.model_validate(shown(record, parts.desk))
