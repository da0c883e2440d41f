"""The steps of a privacy request: verified, approved, released, answered (HOF-5.1)."""

from datetime import datetime

from sop.access import require
from sop.errors import BehindGateError, InvalidValueError, WrongStageError
from sop.models import Actor, Role
from sop.privacy import legal_clock
from sop.privacy import messages as m
from sop.privacy.case import PrivacyCase
from sop.privacy.clock import note_overdue
from sop.privacy.models import ClosedPrivacyAs, RequestKind, ToldBy, Work
from sop.privacy.stages import CLAUSE

_WORK = {
    RequestKind.ERASURE: Work.ERASE,
    RequestKind.EXPORT: Work.EXPORT,
    RequestKind.HOLD: Work.RELEASE_HOLD,
}


def verify_requester(case: PrivacyCase, step: m.VerifyRequester, now: datetime) -> None:
    """Record how the requester was verified."""
    _require_request(case, "No requester is verified for a hold.")
    if case.state.verified_at is not None:
        raise WrongStageError("The requester was verified before.", clause=CLAUSE)
    case.set(verified_at=now, verified_by=step.actor.principal, verification=step.method)
    case.record("requester.verified", step.actor, now, [CLAUSE], method=str(step.method))


def approve(case: PrivacyCase, step: m.ApprovePrivacyRequest, now: datetime) -> None:
    """Approve it as the first of two people."""
    state = case.state
    _require_right(case, step.actor)
    if not case.is_hold and state.verified_at is None:
        raise BehindGateError(
            "Nothing is done for a requester who is not verified: verify the requester first.",
            clause=CLAUSE,
        )
    if case.is_hold and state.placed_at is None:
        raise WrongStageError("The hold is being placed; try again shortly.", clause=CLAUSE)
    if state.approved_at is not None:
        raise WrongStageError("It was approved before.", clause=CLAUSE)
    case.set(
        approved_at=now,
        approved_by=step.actor.principal,
        approved_by_officer=step.actor.role is Role.PRIVACY_OFFICER,
    )
    case.record("privacy.approved", step.actor, now, [CLAUSE], request=str(state.kind))


def release(case: PrivacyCase, step: m.ReleasePrivacyRequest, now: datetime) -> None:
    """Release it as the second of two people: from now on it is done."""
    state = case.state
    _require_right(case, step.actor)
    if state.approved_at is None:
        raise BehindGateError(
            "Two people decide: somebody approves it before another one releases it.",
            clause=CLAUSE,
        )
    if state.released_at is not None:
        raise WrongStageError("It was released before.", clause=CLAUSE)
    case.require_second(step.actor)
    case.set(released_at=now, released_by=step.actor.principal)
    case.record("privacy.released", step.actor, now, [CLAUSE], request=str(state.kind))
    case.begin_work(_WORK[state.kind])


def reject(case: PrivacyCase, step: m.RejectPrivacyRequest, now: datetime) -> None:
    """Refuse the request: it ends, and its clock with it."""
    _require_request(case, "A hold is not refused; two people release it.")
    if case.state.released_at is not None:
        raise WrongStageError("It was released; it can no longer be refused.", clause=CLAUSE)
    _answer(case, step.told_by, now)
    case.set(refusal=step.reason)
    case.record(
        "privacy.refused",
        step.actor,
        now,
        [CLAUSE],
        reason=str(step.reason),
        told_by=str(step.told_by),
    )
    case.close(ClosedPrivacyAs.REFUSED, step.actor, now)


def extend(case: PrivacyCase, step: m.ExtendPrivacyRequest, now: datetime) -> None:
    """Extend the clock, once, before it has run out; the requester was told why."""
    _require_request(case, "A hold has no clock of the law; review it.")
    state = case.state
    if state.due_at is None or state.answered_at is not None:
        raise WrongStageError("The requester was answered; no clock runs.", clause=CLAUSE)
    if state.extended_at is not None:
        raise WrongStageError("It was extended before; the law allows it once.", clause=CLAUSE)
    if now > state.due_at:
        raise WrongStageError(
            "The time has passed: it is extended before that, or not at all.", clause=CLAUSE
        )
    due_at = legal_clock.extended(
        state.due_at, state.law, case.policy.privacy, case.policy.desk.zone
    )
    before = state.due_at
    case.set(
        due_at=due_at,
        extended_at=now,
        extension_reason=step.reason,
        warnings=0,
        paged_at=None,
        overdue_at=None,
    )
    case.record(
        "privacy.extended",
        step.actor,
        now,
        [CLAUSE],
        reason=str(step.reason),
        told_by=str(step.told_by),
        from_due=before.isoformat(),
        to_due=due_at.isoformat(),
    )
    case.calm(now)


def complete(case: PrivacyCase, step: m.CompletePrivacyRequest, now: datetime) -> None:
    """Note that the requester was told what was done; what was held goes on by itself."""
    _require_request(case, "Nobody waits for the answer to a hold.")
    if case.state.executed_at is None:
        raise BehindGateError("It is answered once it is done.", clause=CLAUSE)
    if case.state.answered_at is not None:
        raise WrongStageError("The requester was answered before.", clause=CLAUSE)
    late = _answer(case, step.told_by, now)
    case.record(
        "privacy.answered",
        step.actor,
        now,
        [CLAUSE],
        told_by=str(step.told_by),
        in_time=not late,
    )
    case.calm(now)
    case.close_if_done(now)


def review_hold(case: PrivacyCase, step: m.ReviewHold, now: datetime) -> None:
    """Say that the hold is still needed, and until when."""
    if not case.is_hold:
        raise WrongStageError("Only a hold is reviewed.", clause=CLAUSE)
    require_review_date(case, step.review_at, now)
    case.set(review_at=step.review_at, review_overdue_at=None)
    case.record("hold.reviewed", step.actor, now, [CLAUSE], review_at=step.review_at.isoformat())
    case.calm(now)


def require_review_date(case: PrivacyCase, review_at: datetime, now: datetime) -> None:
    """Refuse a review that lies in the past, or further away than the policy allows.

    Raises:
        InvalidValueError: It does.
    """
    latest = now + case.policy.privacy.review_hold_within
    if not now < review_at <= latest:
        raise InvalidValueError(
            f"`review_at` must lie in the future, {case.policy.desk.local(latest)} at the latest.",
            clause=CLAUSE,
        )


def _answer(case: PrivacyCase, told_by: ToldBy, now: datetime) -> bool:
    """Stop the clock; return whether it had run out."""
    due_at = case.state.due_at
    late = due_at is not None and now > due_at
    if late and case.state.overdue_at is None:
        note_overdue(case, now)  # nobody could be paged: the worker was away
    case.set(answered_at=now, told_by=told_by)
    return late


def _require_right(case: PrivacyCase, actor: Actor) -> None:
    if case.is_hold:
        require(actor, "release_hold")


def _require_request(case: PrivacyCase, otherwise: str) -> None:
    if case.is_hold:
        raise WrongStageError(otherwise, clause=CLAUSE)
