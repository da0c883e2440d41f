"""The identity check of both procedures, and what a supervisor decides about it (HOF-4.1).

What the customer presented was compared where it arrived; here it is judged, limited, stopped
where it differs, and kept as a capability that ends.
"""

from collections.abc import Iterator
from datetime import datetime

from sop import messages as m
from sop.case_file import AnyCase
from sop.deadlines import Due
from sop.errors import BehindGateError, InvalidValueError, NotAllowedError, WrongStageError
from sop.evidence import check_forms
from sop.identity import PRIMARY, Discrepancy, Form, Identification, Identity, IdentityLevel
from sop.ladder import arm
from sop.models import CLOCK, Actor, Role, TaskKind, TaskRecord, VerificationOutcome
from sop.policy import IdentificationRule, Starts
from sop.registers import IncidentReport, ReportKind, VerificationRecord

_MANAGER = Role.DUTY_MANAGER
"""Who is responsible for exception and incident reports (HOF-7.3)."""

NO_HANDLERS = frozenset({"decide_discrepancy", "adopt_policy", "assign", "add_note"})
"""Steps that do not make somebody one of those who handled the case (HOF-3.2)."""


def judge(
    rule: IdentificationRule, step: m.Identify, number: int
) -> tuple[VerificationOutcome, str]:
    """Return what an attempt means, and why, as a code.

    A part that does not match is told like a whole that does not: nobody learns which it was.

    Raises:
        InvalidValueError: The forms are not one of each group, or one is not accepted (HOF-4.1.2).
    """
    if not allowed(rule, step, number):
        return VerificationOutcome.NEEDS_SUPERVISOR, "attempts_exhausted"
    if step.noticed:
        return VerificationOutcome.NEEDS_SUPERVISOR, "noticed"
    check_forms(rule, tuple(result.form for result in step.forms))
    if all(result.matched for result in step.forms):
        return VerificationOutcome.VERIFIED, "matched"
    if number == rule.attempts_per_call:
        return VerificationOutcome.NEEDS_SUPERVISOR, "attempts_exhausted"
    return VerificationOutcome.NOT_VERIFIED, "mismatch"


def allowed(rule: IdentificationRule, step: m.Identify, number: int) -> bool:
    """Return whether an attempt is one of those that the policy allows, here and where it came."""
    return not step.exhausted and number <= rule.attempts_per_call


def level_of(forms: list[Form]) -> IdentityLevel:
    """Return what a check that matched is worth: the security question counts lowest."""
    secondary = set(forms) - PRIMARY
    return IdentityLevel.LOW if secondary <= {Form.SECURITY_QUESTION} else IdentityLevel.STANDARD


def is_attestation(step: m.Identify) -> bool:
    """Return whether only what the customer was told is reported: that is no attempt.

    What was forgotten at a check can be made good so, and an approval of it still holds.
    """
    checked = step.forms or step.noticed or step.exhausted
    return not checked and bool(_attested(step))


def identify(case: AnyCase, step: m.Identify, now: datetime) -> None:
    """Judge one attempt; one that needs a supervisor stops here (HOF-4.1.1 to HOF-4.1.5)."""
    rule = _rule(case)
    customer = case.state.customer.customer_id
    if step.customer_id not in {"", customer}:
        raise of_another_customer()
    if is_attestation(step):
        case.record("identification.attested", step.actor, now, _attested(step))
        return
    require_decided(case)
    number = _number(case, rule, now)
    outcome, reason = judge(rule, step, number)
    identity = None
    if outcome == VerificationOutcome.VERIFIED:
        level = level_of([result.form for result in step.forms])
        identity = _capability(rule, level, step.actor, now)
    _know(case, outcome=outcome, identity=identity, discrepancy=None)
    _count(case, step, number, now)
    _record_check(case, step, outcome, identity, number, now)
    _log(case, step.actor, now, outcome, reason, (step, number))
    if outcome == VerificationOutcome.NEEDS_SUPERVISOR:
        open_discrepancy(case, reason, step.actor, now)


def of_another_customer() -> InvalidValueError:
    """Return the refusal of a check in a case that is not the customer's."""
    return InvalidValueError(
        "The case is another customer's. Name the case of the customer who is identified.",
        clause="HOF-4.1.3",
    )


def undecided() -> BehindGateError:
    """Return the refusal of what has to wait for a supervisor."""
    return BehindGateError(
        "The identity check found a discrepancy. A supervisor who has not worked on the case "
        "must decide before anything goes on.",
        clause="HOF-4.1.4",
    )


def open_discrepancy(case: AnyCase, cause: str, actor: Actor, now: datetime) -> None:
    """Stop: a task for a supervisor, and whoever the policy names is paged (HOF-4.1.4)."""
    known = case.state.identification
    number = known.discrepancies + 1
    discrepancy = Discrepancy(number=number, opened_at=now, cause=cause)
    _know(
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
    until = now + _rule(case).approval_valid_for if step.approve else None
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
        _know(case, discrepancy=decided)
        _log(case, step.actor, now, outcome, "approved", decided_by=step.actor.principal)
    else:
        outcome = VerificationOutcome.NOT_VERIFIED
        _know(case, discrepancy=None, outcome=outcome)
        _log(case, step.actor, now, outcome, "rejected", decided_by=step.actor.principal)


def use_identity(case: AnyCase, what: str, actor: Actor, now: datetime) -> None:
    """Let through what stands behind a verified identity; a supervisor's approval is used by it.

    Raises:
        BehindGateError: Nobody is verified, the identity has expired, or a supervisor must decide.
    """
    known = case.state.identification
    require_decided(case)
    approved = known.discrepancy
    if approved is not None and approved.approved_until is not None:
        if now < approved.approved_until:
            require_another(approved.decided_by, actor)
            _use_approval(case, approved, actor, now)
            return
    elif known.identity is not None and now < known.identity.expires_at:
        require_another(known.identity.approved_by, actor)
        return
    expired = known.identity is not None or approved is not None
    why = "has expired: identify the customer again" if expired else "is missing"
    raise BehindGateError(
        f"{what} stands behind the identification of the customer, which {why}. "
        "POST /v1/customers/{id}/identifications takes it.",
        clause="HOF-4.1.2",
    )


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


def require_holding(case: AnyCase, what: str, actor: Actor, now: datetime) -> None:
    """Refuse what a check since the transfer has put in doubt; a supervisor's approval is used.

    That an identity has run out since then does not: it held at the transfer.

    Raises:
        BehindGateError: A later check did not succeed, or a supervisor must decide.
    """
    require_decided(case)
    identity = case.state.identification.identity
    if identity is None:
        use_identity(case, what, actor, now)
    else:
        require_another(identity.approved_by, actor)


def revoke(case: AnyCase, outcome: VerificationOutcome) -> None:
    """Take back a verified identity: a person has recorded that it does not hold."""
    if case.state.identification.identity is not None:
        _know(case, identity=None, outcome=outcome)
        case.unprove(["HOF-4.1.2"])


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
    _know(case, discrepancy=None)


def _use_approval(case: AnyCase, approved: Discrepancy, actor: Actor, now: datetime) -> None:
    identity = _capability(_rule(case), IdentityLevel.SUPERVISED, actor, now).model_copy(
        update={"approved_by": approved.decided_by}
    )
    outcome = VerificationOutcome.VERIFIED
    _know(case, identity=identity, discrepancy=None, outcome=outcome)
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
    _log(case, actor, now, outcome, "approved")
    _know(case, attempts=0)


def _expire_approval(case: AnyCase, now: datetime) -> None:
    discrepancy = case.state.identification.discrepancy
    if discrepancy is None:
        return
    name = f"approval/{discrepancy.number}/expired"
    case.record("approval.expired", CLOCK, now, entry_id=name, number=discrepancy.number)
    _log(case, CLOCK, now, VerificationOutcome.NEEDS_SUPERVISOR, "approval_expired")
    open_discrepancy(case, "approval_expired", CLOCK, now)


def require_decided(case: AnyCase) -> None:
    """Refuse what has to wait for a supervisor (HOF-4.1.4)."""
    discrepancy = case.state.identification.discrepancy
    if discrepancy is not None and discrepancy.decided_at is None:
        raise undecided()


def _number(case: AnyCase, rule: IdentificationRule, now: datetime) -> int:
    """Return which attempt of this call it is, after those that did not match.

    A call does not last longer than the policy's time, and ends with whoever is verified: else a
    case that lives for months would let nobody be identified after the third time.
    """
    known: Identification = case.state.identification
    if known.attempted_at is None or known.attempted_at + rule.attempts_within <= now:
        return 1
    return known.attempts + 1


def _count(case: AnyCase, step: m.Identify, number: int, now: datetime) -> None:
    """Count an attempt that was compared and did not match; whoever is verified ends the call.

    A try after the last attempt that is allowed is no guess: it keeps nobody waiting longer.
    """
    if case.state.identification.identity is not None:
        _know(case, attempts=0)
    elif allowed(_rule(case), step, number) and not all(x.matched for x in step.forms):
        _know(case, attempts=number, attempted_at=now)


def _attested(step: m.Identify) -> list[str]:
    told = ["HOF-4.1.1"] if step.need_explained else []
    return [*told, "HOF-4.1.5"] if step.confidentiality_assured else told


def _record_check(
    case: AnyCase,
    step: m.Identify,
    outcome: VerificationOutcome,
    identity: Identity | None,
    number: int,
    now: datetime,
) -> None:
    clauses = [
        *_attested(step),
        *(["HOF-4.1.2", *case.verified] if identity else []),
        *(["HOF-4.1.3", *case.asked] if step.forms else []),
    ]
    case.identity_found(outcome)
    if identity is None:
        case.unprove(["HOF-4.1.2"])
    case.record(
        "identity.checked",
        step.actor,
        now,
        clauses,
        forms_asked=[str(result.form) for result in step.forms],
        outcome=str(outcome),
        attempt=number,
        level=str(identity.level) if identity else None,
        expires_at=identity.expires_at.isoformat() if identity else None,
    )


def _log(
    case: AnyCase,
    actor: Actor,
    now: datetime,
    outcome: VerificationOutcome,
    reason: str,
    made: tuple[m.Identify, int] | None = None,
    *,
    decided_by: str | None = None,
) -> None:
    """Write a line of the verification log; its key follows from the journal's number.

    `made` is the attempt and its number; a line that is none bears how many count by then.
    """
    known = case.state.identification
    step, number = made or (None, known.attempts)
    approved_by = known.identity.approved_by if known.identity else None
    case.put_verification(
        VerificationRecord(
            verification_id=f"{case.state.case_id}/{case.state.seq}/{reason}",
            case_id=case.state.case_id,
            customer_id=case.state.customer.customer_id,
            at=now,
            representative=actor.principal,
            role=actor.role,
            attempt=number,
            forms=step.forms if step else (),
            outcome=outcome,
            reason=reason,
            level=known.identity.level if known.identity else None,
            expires_at=known.identity.expires_at if known.identity else None,
            decided_by=decided_by or approved_by,
            policy_version=case.policy.version,
        )
    )


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


def _capability(
    rule: IdentificationRule, level: IdentityLevel, actor: Actor, now: datetime
) -> Identity:
    return Identity(
        level=level,
        verified_at=now,
        expires_at=now + rule.valid_for,
        verified_by=actor.principal,
    )


def _know(case: AnyCase, **changes: object) -> None:
    case.set(identification=case.state.identification.model_copy(update=changes))


def _rule(case: AnyCase) -> IdentificationRule:
    rule: IdentificationRule | None = case.policy.identification
    if rule is None:
        raise WrongStageError(
            "The policy of this case has no rules of identification; move it to the policy in "
            "force first.",
            clause="HOF-8",
        )
    return rule
