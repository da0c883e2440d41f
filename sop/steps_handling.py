"""The steps of handling: answers, promises, waits, escalation by hand (INQ-4.4, INQ-4.5)."""

from datetime import datetime

from sop import messages as m
from sop.calendar import Pause
from sop.case import Case
from sop.clock import break_promise
from sop.discrepancy import require_decided
from sop.errors import InvalidValueError, WrongStageError
from sop.escalating import fire, unresolved
from sop.follow_up import move_follow_up
from sop.gates import require_unresolved, require_verified
from sop.handoff.messages import HandoffOrder, HandoffReport, OpenHandoff
from sop.ladder import arm
from sop.models import CLOCK, Actor
from sop.policy import Starts
from sop.state import HandoffNote, PromiseState
from sop.steps_intake import settle_exemption


def keep_promise(case: Case, now: datetime) -> bool | None:
    """End a promise by an answer; return whether it came in time, None where none was given."""
    promise = case.state.promise
    case.set(promise=None)
    return now <= promise.answer_by if promise is not None else None


def respond(case: Case, step: m.Respond, now: datetime) -> None:
    """Record an answer as sent (INQ-4.4.1)."""
    if step.discloses_account:
        otherwise = "say `discloses_account: false` if the answer tells nothing about the account"
        what = "An answer about the customer's account"
        require_verified(case, what, otherwise, step.actor, now)
    kept = keep_promise(case, now)
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


def promise(case: Case, step: m.Promise, now: datetime) -> None:
    """Start the clock of what the customer was told (INQ-4.4.3)."""
    require_unresolved(case, "a promise")
    rule = case.policy.promise
    if not now < step.answer_by <= now + rule.longest:
        latest = case.policy.desk.local(now + rule.longest)
        raise InvalidValueError(
            f"`answer_by` must lie in the future and not after {latest} (policy: promise.longest).",
            clause="INQ-4.4.3",
        )
    replaced = case.state.promise
    if replaced is not None and replaced.answer_by <= now:
        break_promise(case, now)  # another promise is no answer
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
    answer_by = case.policy.desk.local(step.answer_by)
    number = f"promise/{case.state.promises}"
    case.tell_customer(
        case.state.customer, "promise", number, now, answer_by=answer_by, contact=step.contact
    )


def customer_replied(case: Case, step: m.CustomerReplied, now: datetime) -> None:
    """Record what the customer said; reported again, the case is unresolved."""
    again = step.problem_persists and case.state.resolutions > 0
    case.record(
        "customer.replied",
        step.actor,
        now,
        text=step.text,
        problem_persists=step.problem_persists,
    )
    if case.state.waiting_since is not None:
        end_wait(case, now, step.actor, "customer replied")
        case.rearm(now, step.actor, "wait ended")
    if again:
        unresolved(case, step.actor, now, since=now, why="reported again")


def wait_for_customer(case: Case, step: m.WaitForCustomer, now: datetime) -> None:
    """Start a wait; rungs pause where the policy says so."""
    require_unresolved(case, "waiting for the customer")
    if case.state.waiting_since is not None:
        raise WrongStageError("The case already waits for the customer.")
    case.set(waiting_since=now, pauses=(*case.state.pauses, Pause(start=now, end=None)))
    case.record("wait.started", step.actor, now, question=step.question)
    case.rearm(now, step.actor, "waiting for the customer")


def resume(case: Case, step: m.Resume, now: datetime) -> None:
    """End a wait by hand."""
    if case.state.waiting_since is None:
        raise WrongStageError(
            "The case does not wait for the customer; there is nothing to resume."
        )
    end_wait(case, now, step.actor, step.reason)
    case.rearm(now, step.actor, "wait ended")


def end_wait(case: Case, now: datetime, actor: Actor, why: str) -> None:
    """Close the open pause; what goes on from there has to compute the ladder again."""
    *closed, last = case.state.pauses
    case.set(waiting_since=None, pauses=(*closed, Pause(start=last.start, end=now)))
    case.record("wait.ended", actor, now, why=why)


def escalate(case: Case, step: m.Escalate, now: datetime) -> None:
    """Escalate by hand: a rung sooner, or the fact that the case is unresolved (INQ-4.4.4)."""
    row = case.policy.rung(step.rung)
    by_hand = {Starts.RECEIPT, Starts.UNRESOLVED}
    if row is None or row.starts not in by_hand:
        names = [r.rung for r in case.policy.escalation if r.starts in by_hand]
        raise InvalidValueError(
            f"The matrix has no rung {step.rung!r} to escalate by hand; it has {', '.join(names)}.",
            clause="INQ-4.4.4",
        )
    if any(r.rung == row.rung and r.live for r in case.state.rungs):
        raise WrongStageError(
            f"The case is already escalated on the rung {row.rung}; acknowledge it or wait for it.",
            clause=row.clause,
        )
    if row.starts == Starts.UNRESOLVED:
        unresolved(case, step.actor, now, since=now, why="by hand")
    else:
        require_unresolved(case, "an escalation")
    held = next((r for r in case.state.rungs if r.rung == row.rung and r.armed), None)
    rung = held or arm(case.policy, row, case.state, base=now, now=now, cause="by hand")
    fire(case, rung, now, step.actor, by_hand=step.reason)


def open_handoff(case: Case, step: OpenHandoff, now: datetime) -> None:
    """Open a handoff from the inquiry; it has a workflow of its own (HOF-2)."""
    require_decided(case)
    order = step.order
    if order.opening.customer_id != case.state.customer.customer_id:
        raise InvalidValueError(
            "The handoff is for another customer than the inquiry's.", clause="HOF-2"
        )
    if any(note.handoff_id == order.case_id for note in case.state.handoffs):
        raise WrongStageError("The inquiry has this handoff already.", clause="HOF-2")
    note = HandoffNote(handoff_id=order.case_id, waits=order.opening.inquiry_waits)
    carried = carry_identity(case, order, now)
    case.set(
        handoffs=(*case.state.handoffs, note),
        handoffs_to_start=(*case.state.handoffs_to_start, carried),
    )
    case.record(
        "handoff.opened",
        step.actor,
        now,
        ["HOF-2"],
        handoff_id=order.case_id,
        receiving_party=order.opening.receiving.party,
        waits=note.waits,
    )


def carry_identity(case: Case, order: HandoffOrder, now: datetime) -> HandoffOrder:
    """Return the order with what the inquiry has verified, as long as that holds (HOF-3.3)."""
    order = order.model_copy(update={"handled_by": tuple(sorted(case.handlers))})
    identity = case.state.identification.identity
    if identity is None or identity.expires_at <= now:
        return order
    proofs = tuple(c for c in case.state.proofs if c.startswith("HOF-4.1."))
    return order.model_copy(update={"identity": identity, "identity_proofs": proofs})


def handoff_begun(case: Case, order: HandoffOrder, now: datetime, *, started: bool) -> None:
    """Let the inquiry wait for a handoff that runs; one that ran before may never report."""
    rest = tuple(o for o in case.state.handoffs_to_start if o.case_id != order.case_id)
    case.set(handoffs_to_start=rest)
    if started:
        return
    notes = tuple(
        n.model_copy(update={"waits": False}) if n.handoff_id == order.case_id else n
        for n in case.state.handoffs
    )
    case.set(handoffs=notes)
    name = f"handoff/{order.case_id}/ran-before"
    case.record("handoff.not_started", CLOCK, now, entry_id=name, handoff_id=order.case_id)


def hear_handoff(case: Case, said: HandoffReport, now: datetime) -> None:
    """Note where a handoff stands that was opened from this inquiry."""
    known = next((n for n in case.state.handoffs if n.handoff_id == said.handoff_id), None)
    if known is None or known.closed_as is not None or case.state.closed_at is not None:
        return
    said_now = {"stage": said.stage, "custody": said.custody, "closed_as": said.closed_as}
    heard = known.model_copy(update=said_now)
    if heard == known:
        return
    case.set(handoffs=tuple(heard if n is known else n for n in case.state.handoffs))
    case.record(
        "handoff.reported",
        CLOCK,
        now,
        entry_id=f"handoff/{said.handoff_id}/{case.state.seq + 1}",
        handoff_id=said.handoff_id,
        stage=said.stage,
        custody=said.custody,
        closed_as=said.closed_as,
    )


def assign(case: Case, step: m.Assign, now: datetime) -> None:
    """Assign or reassign the case."""
    before = case.state.assignee
    if before is not None:
        case.note_handler(before)
    case.set(assignee=step.assignee)
    case.record(
        "inquiry.assigned",
        step.actor,
        now,
        from_assignee=before,
        to_assignee=step.assignee,
        reason=step.reason,
    )


def add_note(case: Case, step: m.AddNote, now: datetime) -> None:
    """Add a note to the journal (INQ-4.5.1)."""
    case.record("note.added", step.actor, now, text=step.text)


def adopt_policy(case: Case, step: m.AdoptPolicy, now: datetime) -> None:
    """Move the case to another policy version; each moved deadline is journaled (HOF-8)."""
    before = case.policy.version
    case.policy = step.policy
    case.record(
        "policy.adopted",
        step.actor,
        now,
        ["HOF-8", *settle_exemption(case)],
        from_version=before,
        to_version=step.policy.version,
        reason=step.reason,
    )
    for rung in case.state.rungs:
        if rung.live and rung.status is None and step.policy.rung(rung.rung) is None:
            case.spare(rung, now)  # fired in this very task: no row says any more whom to page
    case.rearm(now, step.actor, f"policy {step.policy.version}")
    move_follow_up(case, step.actor, now, f"policy {step.policy.version}")
