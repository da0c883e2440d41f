"""Which duties a schedule has to open at a moment: a pure function of policy and CRM."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta

from sop.duty.models import DutyKind, DutyOrder, Renewal
from sop.models import Payload, Role
from sop.policy import Policy, Starts
from sop.training import CLAUSES, CourseStanding, TrainingRecord, expiring

REVIEW, TRAINING, AUDIT = "duty-review", "duty-training", "duty-audit"

MOST_REMINDERS = 500
"""At once: what is left is opened by the next firing, the first to end first."""

_TICK = timedelta(microseconds=1)


class Month(Payload):
    """A calendar month at the desk, which an audit looks at.

    Attributes:
        name: Such as `2026-10`.
        begins: Its first moment; `ends` is that of the month after.
    """

    name: str
    begins: datetime
    ends: datetime


def last_month(policy: Policy, at: datetime) -> Month:
    """Return the calendar month before the one of a moment, in the desk's time zone."""
    zone = policy.case.desk.zone
    today = at.astimezone(zone).date()
    this = today.replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    begins, ends = (datetime.combine(day, time(), zone) for day in (last, this))
    return Month(name=f"{last:%Y-%m}", begins=begins, ends=ends)


def reviews(policy: Policy, at: datetime, *, changed: bool) -> tuple[DutyOrder, ...]:
    """Return the review that is due: every year, and when another version comes into force.

    Args:
        policy: In force since its date; a review belongs to a version and a year of it.
        at: The moment. Reviews of years long past are not made up, the latest is.
        changed: There was another version before.
    """
    if policy.duty is None or policy.review_within is None:
        return ()
    since = datetime.combine(policy.effective_from, time(), policy.case.desk.zone)
    year = max(at - since, timedelta(0)) // policy.review_every
    if year == 0 and not changed:
        return ()
    why = "a year has passed" if year else "it has changed"
    order = DutyOrder(
        duty_id=f"{REVIEW}-{policy.version}-{year}",
        kind=DutyKind.PROCEDURE_REVIEW,
        clause="INQ-8.1",
        subject=f"Review the procedure under policy {policy.version}: {why}.",
        about=policy.version,
        role=_role(policy),
        due_at=at + policy.review_within,
    )
    return (order,)


def reminders(
    policy: Policy, latest: Iterable[TrainingRecord], at: datetime
) -> tuple[DutyOrder, ...]:
    """Return the reminders for trainings that end soon: one for a person, course and end."""
    if policy.duty is None:
        return ()
    soon = expiring(latest, policy, at, policy.training_warn_before)
    return tuple(_reminder(policy, record, known) for record, known in soon)


def _reminder(policy: Policy, record: TrainingRecord, known: CourseStanding) -> DutyOrder:
    ends = known.expires_at
    if ends is None:
        raise ValueError("a training that is missing does not end")
    course = next(c for c in policy.courses if c.course == record.course)
    # One that a revision of the course ends is renewed by what is completed after the revision.
    revised = ends < record.completed_at + policy.training_valid_for
    return DutyOrder(
        duty_id=f"{TRAINING}-{_mark(record.principal, record.course, ends.isoformat())}",
        kind=DutyKind.TRAINING_REMINDER,
        clause=CLAUSES[course.procedures[0]],
        subject=f"Renew the training in {record.course} of {record.principal}.",
        about=record.principal,
        role=_role(policy),
        due_at=ends,
        renewal=Renewal(
            principal=record.principal,
            course=record.course,
            renewed_from=ends if revised else record.completed_at + _TICK,
        ),
    )


def audited(
    policy: Policy, month: Month, closed: Iterable[str], opened: Collection[str]
) -> tuple[str, ...]:
    """Return the cases of a month that are to be audited and are not yet (HOF-6.2).

    Each case has a lot that follows from the month, the policy's version and its id; the lowest
    are drawn. So a second firing draws the same, and a case that the CRM learned of late changes
    no more than one of them.

    Args:
        policy: Says how many.
        month: Which.
        closed: The cases that closed in it.
        opened: Duties of this month that exist already, under whatever version.
    """
    if policy.audit is None or policy.duty is None:
        return ()
    ranked = sorted(set(closed), key=lambda case: _mark(month.name, policy.version, case))
    drawn = ranked[: policy.audit.sample]
    missing = [case for case in drawn if audit_id(month, case) not in opened]
    return tuple(missing[: max(policy.audit.sample - len(opened), 0)])


def audit(
    policy: Policy, month: Month, case_id: str, handlers: Iterable[str], at: datetime
) -> DutyOrder:
    """Return the audit of one case; who handled it may not do it.

    Raises:
        ValueError: The policy has no audits.
    """
    if policy.audit is None:
        raise ValueError("the policy has no [audit]")
    return DutyOrder(
        duty_id=audit_id(month, case_id),
        kind=DutyKind.AUDIT,
        clause="HOF-6.2",
        subject=f"Audit {case_id}, closed in {month.name}.",
        about=case_id,
        role=policy.audit.to,
        due_at=at + policy.audit.within,
        excluded=tuple(sorted(set(handlers))),
    )


def audit_id(month: Month, case_id: str) -> str:
    """Return the id of the audit of a case."""
    return f"{AUDIT}-{month.name}-{case_id}"


def _role(policy: Policy) -> Role:
    """Return who sees to what no person was named for: whom an overdue duty is escalated to."""
    rungs = policy.duty.escalation if policy.duty is not None else ()
    overdue = [row.to for row in rungs if row.starts == Starts.DUTY_OVERDUE]
    return overdue[0] if overdue else Role.QUALITY_MANAGER


def _mark(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]
