"""A discrepancy stops the case until a supervisor has decided (HOF-3.2, HOF-4.1.4)."""

from collections.abc import Iterator
from datetime import datetime

from sop import messages as m
from sop.case_file import AnyCase
from sop.deadlines import Due
from sop.errors import BehindGateError, NotAllowedError, WrongStageError
from sop.identity import Discrepancy, IdentityLevel
from sop.ladder import arm
from sop.models import CLOCK, Actor, Role, TaskKind, TaskRecord, VerificationOutcome
from sop.policy import Starts
from sop.registers import IncidentReport, ReportKind
from sop.verification_log import capability, know, log_check, rule_of

_MANAGER = Role.DUTY_MANAGER
"""Who is responsible for exception and incident reports (HOF-7.3)."""


NO_HANDLERS = frozenset({"decide_discrepancy", "adopt_policy", "assign", "add_note"})
"""Steps that do not make somebody one of those who handled the case (HOF-3.2)."""


def undecided() -> BehindGateError:
    """Return the refusal of what has to wait for a supervisor."""
    return BehindGateError(
        "The identity check found a discrepancy. A supervisor who has not worked on the case "
        "must decide before anything goes on.",
        clause="HOF-4.1.4",
    )


def require_decided(case: AnyCase) -> None:
    """Refuse what has to wait for a supervisor (HOF-4.1.4)."""
    discrepancy = case.state.identification.discrepancy
    if discrepancy is not None and discrepancy.decided_at is None:
        raise undecided()


def require_another(approved_by: str | None, actor: Actor) -> None:
    """Refuse whoever approved a discrepancy to go on with it themselves (HOF-3.2).

    Raises:
        NotAllowedError: The approval was the actor's own.
    """
    if approved_by == actor.principal:
        raise NotAllowedError(
            "Who approved the discrepancy does not go on with the case: another person must.",
            clause="HOF-3.2",
        )


def open_discrepancy(case: AnyCase, cause: str, actor: Actor, now: datetime) -> None:
    """Stop: a task for a supervisor, and whoever the policy names is paged (HOF-4.1.4)."""
    known = case.state.identification
    number = known.discrepancies + 1
    discrepancy = Discrepancy(number=number, opened_at=now, cause=cause)
    know(
        case,
        discrepancy=discrepancy,
        discrepancies=number,
        identity=None,
        outcome=VerificationOutcome.NEEDS_SUPERVISOR,
    )
    case.unprove(["HOF-4.1.4"])
    name = f"discrepancy/{number}/opened"
    case.record("discrepancy.opened", actor, now, entry_id=name, number=number, cause=cause)
    case.put_task(_task(case, discrepancy))
    for row in case.policy.escalation:
        if row.starts == Starts.DISCREPANCY:
            case.put_rung(arm(case.policy, row, case.state, base=now, now=now, cause=cause))


def decide(case: AnyCase, step: m.DecideDiscrepancy, now: datetime) -> None:
    """Approve or reject, with a reason, as another person than those who handled the case."""
    discrepancy = case.state.identification.discrepancy
    if discrepancy is None or discrepancy.decided_at is not None:
        raise WrongStageError(
            "No discrepancy waits for a decision in this case.", clause="HOF-4.1.4"
        )
    if step.actor.principal in case.handlers:
        raise NotAllowedError(
            "Nobody decides about their own case: somebody with the role who has not worked on it "
            "must approve or reject.",
            clause="HOF-3.2",
        )
    until = now + rule_of(case).approval_valid_for if step.approve else None
    decided = discrepancy.model_copy(
        update={
            "decided_at": now,
            "decided_by": step.actor.principal,
            "approved": step.approve,
            "approved_until": until,
        }
    )
    if not step.approve:
        case.identity_found(VerificationOutcome.NOT_VERIFIED)
    case.record(
        "discrepancy.decided",
        step.actor,
        now,
        ["HOF-3.2", "HOF-4.1.4"],
        number=discrepancy.number,
        approved=step.approve,
        reason=step.reason,
        approved_until=until.isoformat() if until else None,
    )
    case.put_task(
        _task(case, discrepancy).model_copy(
            update={"done_at": now, "outcome": "approved" if step.approve else "rejected"}
        )
    )
    _stand_down(case, now)
    _report(case, step, discrepancy.number, now)
    if step.approve:
        outcome = VerificationOutcome.NEEDS_SUPERVISOR
        know(case, discrepancy=decided)
        log_check(case, step.actor, now, outcome, "approved", decided_by=step.actor.principal)
    else:
        outcome = VerificationOutcome.NOT_VERIFIED
        know(case, discrepancy=None, outcome=outcome)
        log_check(case, step.actor, now, outcome, "rejected", decided_by=step.actor.principal)


def approval_deadline(case: AnyCase) -> Iterator[Due]:
    """Yield the moment at which an approval that nobody has used ends (HOF-4.1.4)."""
    discrepancy = case.state.identification.discrepancy
    if discrepancy is not None and discrepancy.approved_until is not None:
        yield Due(discrepancy.approved_until, "approval runs out", _expire_approval)


def end_identification(case: AnyCase, now: datetime) -> None:
    """Take back a task that a case which ends no longer needs."""
    discrepancy = case.state.identification.discrepancy
    if discrepancy is not None and discrepancy.decided_at is None:
        done = {"done_at": now, "outcome": "not needed"}
        case.put_task(_task(case, discrepancy).model_copy(update=done))
    know(case, discrepancy=None)


def use_approval(case: AnyCase, approved: Discrepancy, actor: Actor, now: datetime) -> None:
    """Make an identity of an approval: of the lowest level, and with the usual end."""
    identity = capability(rule_of(case), IdentityLevel.SUPERVISED, actor, now).model_copy(
        update={"approved_by": approved.decided_by}
    )
    outcome = VerificationOutcome.VERIFIED
    know(case, identity=identity, discrepancy=None, outcome=outcome)
    case.identity_found(outcome)
    case.record(
        "approval.used",
        actor,
        now,
        ["HOF-4.1.2", "HOF-4.1.3", *case.verified],
        number=approved.number,
        approved_by=approved.decided_by,
        expires_at=identity.expires_at.isoformat(),
    )
    log_check(case, actor, now, outcome, "approved")
    know(case, attempts=0)


def _expire_approval(case: AnyCase, now: datetime) -> None:
    discrepancy = case.state.identification.discrepancy
    if discrepancy is None:
        return
    name = f"approval/{discrepancy.number}/expired"
    case.record("approval.expired", CLOCK, now, entry_id=name, number=discrepancy.number)
    log_check(case, CLOCK, now, VerificationOutcome.NEEDS_SUPERVISOR, "approval_expired")
    open_discrepancy(case, "approval_expired", CLOCK, now)


def _report(case: AnyCase, step: m.DecideDiscrepancy, number: int, now: datetime) -> None:
    """Write the incident report that every override and every rejected identity gets (HOF-7.3)."""
    kind = ReportKind.OVERRIDE if step.approve else ReportKind.IDENTITY_REJECTED
    done = "approved" if step.approve else "rejected"
    case.put_report(
        IncidentReport(
            report_id=f"{case.state.case_id}/{kind}/{number}",
            case_id=case.state.case_id,
            kind=kind,
            clause="HOF-4.1.4",
            at=now,
            reported_by=step.actor.principal,
            manager=_MANAGER,
            text=f"Discrepancy {number} was {done} by {step.actor.principal}.",
            reason=step.reason,
            policy_version=case.policy.version,
        )
    )


def _stand_down(case: AnyCase, now: datetime) -> None:
    for rung in case.state.rungs:
        if rung.starts == Starts.DISCREPANCY:
            case.spare(rung, now)


def _task(case: AnyCase, discrepancy: Discrepancy) -> TaskRecord:
    return TaskRecord(
        task_id=f"{case.state.case_id}/discrepancy/{discrepancy.number}",
        case_id=case.state.case_id,
        kind=TaskKind.DISCREPANCY_DECISION,
        attempt=discrepancy.number,
        opened_at=discrepancy.opened_at,
        due_at=discrepancy.opened_at,
    )
