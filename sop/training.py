"""Who is trained in what, and which steps ask for it (INQ-8.2, HOF-6.1)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from sop.errors import InvalidValueError, NotAllowedError, SopError
from sop.models import Actor, Payload, Principal, ShortText, Slug
from sop.policy import Course, Policy

CLAUSES: Mapping[str, str] = {"INQ": "INQ-8.2", "HOF": "HOF-6.1"}
"""The clause of each procedure that asks for training."""

# A page must be taken by whoever is there, and what somebody saw must be written down.
_NEVER_HELD_UP = frozenset({"acknowledge", "add_note"})
_IDENTIFICATION = frozenset({"identify", "decide_discrepancy"})
_PROCEDURES = {"inquiry": "INQ", "handoff": "HOF"}


class UntrainedError(SopError):
    """The training that the step needs is missing, or counts no more."""

    code = "untrained"


class TrainingRecord(Payload):
    """A training that somebody has completed; (principal, course, completed_at) is its key.

    Attributes:
        recorded_by: Another person, who has seen to it.
        evidence: Where that can be looked up, such as a certificate's number.
    """

    principal: Principal
    course: Slug
    completed_at: AwareDatetime
    recorded_at: AwareDatetime
    recorded_by: Principal
    evidence: ShortText | None = None


class Standing(StrEnum):
    """What a person's training in a course is worth now."""

    CURRENT = "current"
    MISSING = "missing"
    EXPIRED = "expired"


class CourseStanding(Payload):
    """A person's training in one course, as it stands at a moment.

    Attributes:
        completed_at: When the latest training was completed; None where there is none.
        expires_at: From then on the steps are refused.
        expires_soon: It is current, and ends within the policy's time of warning.
    """

    WORDS: ClassVar[Mapping[Standing, str]] = {
        Standing.MISSING: "is missing",
        Standing.EXPIRED: "counts no more",
    }

    course: Slug
    standing: Standing
    completed_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    expires_soon: bool = False


def standing(
    records: Iterable[TrainingRecord], course: str, policy: Policy, now: datetime
) -> CourseStanding:
    """Return what a person's training in a course is worth at a moment.

    It counts for the policy's time after its completion, yet no longer than until the course was
    revised: who was trained before knows the procedure as it was (INQ-8.2).

    Args:
        records: The person's trainings, of other courses as well, in any order.
        course: Which course.
        policy: Says how long a training counts.
        now: The moment.
    """
    completed_at = max((r.completed_at for r in records if r.course == course), default=None)
    if completed_at is None:
        return CourseStanding(course=course, standing=Standing.MISSING)
    expires_at = completed_at + policy.training_valid_for
    revised_at = _revised_at(course, policy)
    if revised_at is not None and completed_at < revised_at:
        expires_at = min(expires_at, revised_at)
    current = now < expires_at
    return CourseStanding(
        course=course,
        standing=Standing.CURRENT if current else Standing.EXPIRED,
        completed_at=completed_at,
        expires_at=expires_at,
        expires_soon=current and expires_at - now <= policy.training_warn_before,
    )


def courses_for(actor: Actor, step: str, case_id: str, policy: Policy) -> tuple[Course, ...]:
    """Return the courses that a step asks of an actor, in the policy's order.

    Args:
        actor: Who reports the step; services and operators are in no course's roles.
        step: Its name, or `open`. Taking an escalation and adding a note ask for nothing.
        case_id: Says by its first word whose procedure the step belongs to; an identity check is
            part of the handoff's procedure in an inquiry, too.
        policy: Lists the courses.
    """
    if step in _NEVER_HELD_UP:
        return ()
    procedure = "HOF" if step in _IDENTIFICATION else _PROCEDURES.get(case_id.partition("-")[0])
    return tuple(
        course
        for course in policy.courses
        if procedure in course.procedures and actor.role in course.roles
    )


def require_trained(
    courses: Iterable[Course],
    records: Iterable[TrainingRecord],
    actor: Actor,
    policy: Policy,
    now: datetime,
) -> None:
    """Refuse the step of an actor who is not trained in every course that it asks for.

    Raises:
        UntrainedError: A training is missing or has expired; the message says which, and what to
            do (INQ-8.2, HOF-6.1).
    """
    known = tuple(records)
    for course in courses:
        found = standing(known, course.course, policy, now)
        if found.standing is not Standing.CURRENT:
            raise UntrainedError(
                f"Your training in {course.course} {CourseStanding.WORDS[found.standing]}. "
                f"Complete {course.course}, and have it recorded with `handrail training record "
                f"{actor.principal} {course.course}` or "
                f"PUT /v1/staff/{actor.principal}/training/{course.course}.",
                clause=CLAUSES[course.procedures[0]],
            )


def attest(
    actor: Actor,
    principal: str,
    course: str,
    *,
    completed_at: datetime,
    evidence: str | None,
    policy: Policy,
    now: datetime,
) -> TrainingRecord:
    """Return the record of a training that an actor attests for another person.

    Raises:
        NotAllowedError: It is the actor's own.
        InvalidValueError: The policy has no such course, or it was completed in the future.
    """
    known = find_course(policy, course)
    if actor.principal == principal:
        raise NotAllowedError(
            "Nobody records their own training: let a supervisor or an operator do it.",
            clause=CLAUSES[known.procedures[0]],
        )
    if completed_at > now:
        raise InvalidValueError(
            "A training is recorded when it has been completed: this moment is still to come."
        )
    return TrainingRecord(
        principal=principal,
        course=course,
        completed_at=completed_at,
        recorded_at=now,
        recorded_by=actor.principal,
        evidence=evidence,
    )


def find_course(policy: Policy, name: str) -> Course:
    """Return a course of the policy.

    Raises:
        InvalidValueError: There is none of this name.
    """
    for course in policy.courses:
        if course.course == name:
            return course
    known = ", ".join(course.course for course in policy.courses) or "none"
    raise InvalidValueError(f"The policy has no such course; it has: {known}.")


def expiring(
    latest: Iterable[TrainingRecord], policy: Policy, now: datetime, within: timedelta
) -> tuple[tuple[TrainingRecord, CourseStanding], ...]:
    """Return whose training is current and ends within a time, the first to end first.

    Args:
        latest: The latest training of each person and course.
        policy: Lists the courses; those that it has no more are left out.
        now: The moment.
        within: How far to look.
    """
    names = {course.course for course in policy.courses}
    found = [(r, standing((r,), r.course, policy, now)) for r in latest if r.course in names]
    soon = [
        (record, known)
        for record, known in found
        if known.standing is Standing.CURRENT and _ends(known) - now <= within
    ]
    return tuple(sorted(soon, key=lambda pair: (_ends(pair[1]), pair[0].principal, pair[0].course)))


def _ends(known: CourseStanding) -> datetime:
    if known.expires_at is None:
        raise ValueError("a training that is missing does not end")
    return known.expires_at


def _revised_at(name: str, policy: Policy) -> datetime | None:
    course = next((c for c in policy.courses if c.course == name), None)
    if course is None or course.revised_on is None:
        return None
    return datetime.combine(course.revised_on, time(), policy.case.desk.zone)
