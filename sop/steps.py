"""What each step that a person or service reports does to an inquiry (INQ-4).

One function a step. It refuses before it changes anything; `sop.inquiry` throws the draft away
when a step is refused, so that a refusal changes nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sop import messages as m
from sop.calendar import Pause
from sop.case import Case
from sop.errors import BehindGateError, InvalidValueError, WrongStageError
from sop.escalating import fire, stand_down, unresolved
from sop.follow_up import end_follow_up, plan_follow_up
from sop.ladder import arm
from sop.models import (
    Actor,
    Classification,
    ClosedAs,
    FollowUpOutcome,
    Reception,
    VerificationOutcome,
)
from sop.policy import Starts
from sop.stages import cleared
from sop.state import PromiseState


def check_category(categories: tuple[str, ...], category: str) -> None:
    """Refuse a category that the policy does not name.

    Raises:
        InvalidValueError: The policy has no such category.
    """
    if category not in categories:
        raise InvalidValueError(
            f"The policy has no category {category!r}; it has {', '.join(categories)}.",
            clause="INQ-4.2.1",
        )


def attest_reception(case: Case, reception: Reception, actor: Actor, now: datetime) -> None:
    """Record what the representative attests; only what holds proves its clause (INQ-4.1, 5.3)."""
    held = {
        "INQ-4.1.1": True,
        "INQ-4.1.2": reception.listened,
        "INQ-4.1.3": reception.key_points_confirmed,
        "INQ-5.3": reception.courteous,
    }
    clauses = [clause for clause, holds in held.items() if holds]
    case.record("reception.attested", actor, now, clauses, **reception.model_dump())


def classify(
    case: Case, to: Classification, actor: Actor, now: datetime, *, reason: str | None
) -> None:
    """Set category and priority, and with them the verification gate's exemption (INQ-4.2)."""
    state = case.state
    corrected = state.category is not None
    case.set(
        category=to.category,
        priority=to.priority,
        complex=to.complex,
        general_information=to.general_information,
    )
    clauses = ["INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3"]
    exempt = state.verification is None and cleared(case.policy, case.state)
    if exempt:
        clauses += ["INQ-4.3.1", "INQ-4.3.2"]
    elif state.verification is None:
        case.unprove(["INQ-4.3.1", "INQ-4.3.2"])
    case.record(
        "inquiry.recategorised" if corrected else "inquiry.categorised",
        actor,
        now,
        clauses,
        category=to.category,
        priority=str(to.priority),
        complex=to.complex,
        exempt_from_verification=exempt,
        reason=reason,
    )


def close(case: Case, closed_as: ClosedAs, actor: Actor, now: datetime) -> None:
    """End the case: nothing that waits may outlive it."""
    end_follow_up(case, now, outcome=str(closed_as))
    stand_down(case, now)
    case.set(closed_as=closed_as, closed_at=now, promise=None, waiting_since=None)
    case.record("inquiry.closed", actor, now, ["INQ-4.5.1"], closed_as=str(closed_as))


def may_close(case: Case) -> bool:
    """Return whether the follow-up has its outcome and no clause is missing (INQ-4.5.2, 4.6.2)."""
    state = case.state
    return state.closed_as is None and state.follow_up_outcome is not None and not case.missing


def _record_reception(case: Case, step: m.RecordReception, now: datetime) -> None:
    attest_reception(case, step.reception, step.actor, now)


def _categorise(case: Case, step: m.Categorise, now: datetime) -> None:
    check_category(case.policy.categories, step.classification.category)
    if case.state.category is not None and step.reason is None:
        raise InvalidValueError(
            "The inquiry is already categorised. Say in `reason` why it is corrected.",
            clause="INQ-4.2.1",
        )
    classify(case, step.classification, step.actor, now, reason=step.reason)
    if case.state.resolved_at is None:
        case.rearm(now, step.actor, "corrected")


def _record_verification(case: Case, step: m.RecordVerification, now: datetime) -> None:
    known = case.policy.verification.forms
    unknown = [form for form in step.forms_asked if form not in known]
    if unknown:
        raise InvalidValueError(
            f"The policy has no form {', '.join(unknown)}; it has {', '.join(known)}.",
            clause="INQ-4.3.1",
        )
    verified = step.outcome == VerificationOutcome.VERIFIED
    case.set(verification=step.outcome)
    if not verified:
        case.unprove(["INQ-4.3.2"])
    case.record(
        "verification.recorded",
        step.actor,
        now,
        ["INQ-4.3.1", "INQ-4.3.2"] if verified else ["INQ-4.3.1"],
        forms_asked=list(step.forms_asked),
        outcome=str(step.outcome),
    )


def _require_cleared(case: Case, what: str) -> None:
    if not cleared(case.policy, case.state):
        raise BehindGateError(
            f"{what} stands behind the verification of the customer. Record the verification "
            "first, or categorise the inquiry as general information.",
            clause="INQ-4.3.2",
        )


def _require_unresolved(case: Case, what: str) -> None:
    if case.state.resolved_at is not None:
        raise WrongStageError(
            f"The inquiry is resolved and waits for the follow-up; {what} has no place there. "
            "If the problem is back, report `customer_replied` with `problem_persists`."
        )


def _keep_promise(case: Case, now: datetime) -> bool:
    promise = case.state.promise
    case.set(promise=None)
    return promise is not None and now <= promise.answer_by


def _respond(case: Case, step: m.Respond, now: datetime) -> None:
    if step.discloses_account:
        _require_cleared(case, "An answer about the customer's account")
    kept = _keep_promise(case, now)
    case.set(responded_at=now)
    case.record(
        "response.sent",
        step.actor,
        now,
        ["INQ-4.4.1"],
        text=step.text,
        discloses_account=step.discloses_account,
        promise_kept=kept,
    )


def _promise(case: Case, step: m.Promise, now: datetime) -> None:
    _require_unresolved(case, "a promise")
    rule = case.policy.promise
    if not now < step.answer_by <= now + rule.longest:
        latest = case.policy.desk.local(now + rule.longest)
        raise InvalidValueError(
            f"`answer_by` must lie in the future and not after {latest} (policy: promise.longest).",
            clause="INQ-4.4.3",
        )
    replaced = case.state.promise
    warn = now + (step.answer_by - now) * rule.warn_at if rule.warn_at is not None else None
    case.set(
        promise=PromiseState(made_at=now, answer_by=step.answer_by, warn_at=warn),
        promises=case.state.promises + 1,
    )
    case.record(
        "promise.made",
        step.actor,
        now,
        ["INQ-4.4.3"],
        answer_by=step.answer_by.isoformat(),
        contact=step.contact,
        replaces=replaced.answer_by.isoformat() if replaced else None,
    )
    number = case.state.promises
    case.tell_customer(
        "promise", f"promise/{number}", now, answer_by=case.policy.desk.local(step.answer_by)
    )


def _customer_replied(case: Case, step: m.CustomerReplied, now: datetime) -> None:
    again = step.problem_persists and case.state.resolutions > 0
    case.record(
        "customer.replied",
        step.actor,
        now,
        text=step.text,
        problem_persists=step.problem_persists,
    )
    if case.state.waiting_since is not None:
        _end_wait(case, now, step.actor, "customer replied")
    if again:
        unresolved(case, step.actor, now, since=now, why="reported again")


def _wait_for_customer(case: Case, step: m.WaitForCustomer, now: datetime) -> None:
    _require_unresolved(case, "waiting for the customer")
    if case.state.waiting_since is not None:
        raise WrongStageError("The case already waits for the customer.")
    case.set(waiting_since=now, pauses=(*case.state.pauses, Pause(start=now, end=None)))
    case.record("wait.started", step.actor, now, question=step.question)
    case.rearm(now, step.actor, "waiting for the customer")


def _resume(case: Case, step: m.Resume, now: datetime) -> None:
    if case.state.waiting_since is None:
        raise WrongStageError(
            "The case does not wait for the customer; there is nothing to resume."
        )
    _end_wait(case, now, step.actor, step.reason)


def _end_wait(case: Case, now: datetime, actor: Actor, why: str) -> None:
    *closed, last = case.state.pauses
    case.set(waiting_since=None, pauses=(*closed, Pause(start=last.start, end=now)))
    case.record("wait.ended", actor, now, why=why)
    case.rearm(now, actor, "wait ended")


def _escalate(case: Case, step: m.Escalate, now: datetime) -> None:
    row = case.policy.rung(step.rung)
    if row is None or row.starts == Starts.FOLLOW_UP_OVERDUE:
        names = [r.rung for r in case.policy.escalation if r.starts != Starts.FOLLOW_UP_OVERDUE]
        raise InvalidValueError(
            f"The matrix has no rung {step.rung!r} to escalate by hand; it has {', '.join(names)}.",
            clause="INQ-4.4.4",
        )
    going_on = [r for r in case.state.rungs if r.rung == row.rung and r.live and not r.stand_down]
    if going_on:
        raise WrongStageError(
            f"The case is already escalated on the rung {row.rung}; acknowledge it or wait for it.",
            clause=row.clause,
        )
    if row.starts == Starts.UNRESOLVED:
        unresolved(case, step.actor, now, since=now, why=step.reason)
        return
    _require_unresolved(case, "an escalation")
    held = next((r for r in case.state.rungs if r.rung == row.rung and r.armed), None)
    fired = sum(r.rung == row.rung for r in case.state.rungs if not r.armed)
    rung = held or arm(
        case.policy, row, case.state, base=now, now=now, occasion=fired + 1, cause="by hand"
    )
    fire(case, rung, now, step.actor, by_hand=step.reason)


def _assign(case: Case, step: m.Assign, now: datetime) -> None:
    before = case.state.assignee
    case.set(assignee=step.assignee)
    case.record(
        "inquiry.assigned",
        step.actor,
        now,
        from_assignee=before,
        to_assignee=step.assignee,
        reason=step.reason,
    )


def _add_note(case: Case, step: m.AddNote, now: datetime) -> None:
    case.record("note.added", step.actor, now, text=step.text)


def _resolve(case: Case, step: m.Resolve, now: datetime) -> None:
    _require_unresolved(case, "a second resolution")
    _require_cleared(case, "A resolution")
    proved = case.state.proofs.keys()
    if not (step.customer_confirmed or "INQ-4.4.3" in proved):
        raise BehindGateError(
            "The customer has neither confirmed the solution at once nor been told when and from "
            "whom the answer comes. Set `customer_confirmed`, or record a promise first.",
            clause="INQ-4.4.2",
        )
    if case.state.waiting_since is not None:
        _end_wait(case, now, step.actor, "resolved")
    kept = _keep_promise(case, now)
    responsible = step.responsible or case.state.assignee or step.actor.principal
    overdue = [r.key for r in case.state.rungs if r.armed and r.due_at and r.due_at <= now]
    case.set(
        resolved_at=now,
        resolution=step.resolution,
        responsible=responsible,
        resolutions=case.state.resolutions + 1,
    )
    stand_down(case, now)
    case.record(
        "inquiry.resolved",
        step.actor,
        now,
        ["INQ-4.4.1", "INQ-4.4.2"] if step.customer_confirmed else ["INQ-4.4.1"],
        resolution=step.resolution,
        responsible=responsible,
        customer_confirmed=step.customer_confirmed,
        promise_kept=kept,
        overdue=overdue,
    )
    plan_follow_up(case, 1, now)
    case.tell_customer("resolution", f"resolution/{case.state.resolutions}", now)


def _record_follow_up(case: Case, step: m.RecordFollowUp, now: datetime) -> None:
    follow_up = case.state.follow_up
    if follow_up is None:
        raise WrongStageError(
            "There is nothing to follow up: the inquiry is not resolved, or the outcome of the "
            "follow-up is already recorded.",
            clause="INQ-4.6.1",
        )
    not_reached = step.outcome == FollowUpOutcome.NOT_REACHED
    if not_reached and follow_up.opened_at is None:
        due = case.policy.desk.local(follow_up.due_at)
        raise WrongStageError(
            f"The next attempt is due {due}; an attempt before that does not count.",
            clause="INQ-4.6.1",
        )
    attempts = case.policy.follow_up.attempts
    last = not not_reached or follow_up.attempt >= attempts
    end_follow_up(case, now, outcome=str(step.outcome))
    clauses = ["INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"] if last else []
    if step.outcome == FollowUpOutcome.CONFIRMED:
        clauses.append("INQ-4.4.2")
    case.set(feedback=step.feedback, satisfaction=step.satisfaction)
    case.record(
        "follow_up.recorded",
        step.actor,
        now,
        clauses,
        outcome=str(step.outcome),
        attempt=follow_up.attempt,
        feedback=step.feedback,
        satisfaction=step.satisfaction,
    )
    if step.outcome == FollowUpOutcome.DISSATISFIED:
        unresolved(case, step.actor, now, since=now, why="dissatisfied at follow-up")
    elif last:
        case.set(follow_up_outcome=step.outcome)
    else:
        plan_follow_up(case, follow_up.attempt + 1, now)


def _withdraw(case: Case, step: m.Withdraw, now: datetime) -> None:
    case.record("inquiry.withdrawn", step.actor, now, reason=step.reason)
    close(case, ClosedAs.WITHDRAWN, step.actor, now)


def _mark_duplicate(case: Case, step: m.MarkDuplicate, now: datetime) -> None:
    if step.duplicate_of == case.state.case_id:
        raise InvalidValueError("A case cannot be a duplicate of itself.")
    case.set(duplicate_of=step.duplicate_of)
    case.record(
        "inquiry.marked_duplicate",
        step.actor,
        now,
        duplicate_of=step.duplicate_of,
        reason=step.reason,
    )
    close(case, ClosedAs.DUPLICATE, step.actor, now)


def _adopt_policy(case: Case, step: m.AdoptPolicy, now: datetime) -> None:
    before = case.policy.version
    case.policy = step.policy
    case.record(
        "policy.adopted",
        step.actor,
        now,
        ["HOF-8"],
        from_version=before,
        to_version=step.policy.version,
        reason=step.reason,
    )
    if case.state.resolved_at is None:
        case.rearm(now, step.actor, f"policy {step.policy.version}")


Step = Callable[[Case, Any, datetime], None]

STEPS: dict[type[m.Command], Step] = {
    m.RecordReception: _record_reception,
    m.Categorise: _categorise,
    m.RecordVerification: _record_verification,
    m.Respond: _respond,
    m.Promise: _promise,
    m.CustomerReplied: _customer_replied,
    m.WaitForCustomer: _wait_for_customer,
    m.Resume: _resume,
    m.Escalate: _escalate,
    m.Assign: _assign,
    m.AddNote: _add_note,
    m.Resolve: _resolve,
    m.RecordFollowUp: _record_follow_up,
    m.Withdraw: _withdraw,
    m.MarkDuplicate: _mark_duplicate,
    m.AdoptPolicy: _adopt_policy,
}
