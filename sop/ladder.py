"""The escalation ladder of one inquiry: which rungs apply, and when each is due (INQ-6)."""

from datetime import datetime, timedelta

from sop.calendar import add_working
from sop.policy import CasePolicy, Rung, Starts
from sop.state import InquiryState, RungState


def applies(rung: Rung, state: InquiryState) -> bool:
    """Return whether a rung counted from receipt concerns this inquiry."""
    if not (rung.categories or rung.priorities or rung.complex):
        return True
    return (
        state.category in rung.categories
        or state.priority in rung.priorities
        or (rung.complex and state.complex)
    )


def moment(
    policy: CasePolicy, rung: Rung, base: datetime, share: float, state: InquiryState
) -> datetime | None:
    """Return when `share` of a rung's time has passed since `base`; None while it is paused."""
    pauses = state.pauses if rung.pause_while_waiting else ()
    calendar = policy.calendar(rung.calendar)
    return add_working(calendar, base, rung.after * share, pauses)


def arm(
    policy: CasePolicy,
    rung: Rung,
    state: InquiryState,
    *,
    base: datetime,
    now: datetime,
    occasion: int = 1,
    cause: str = "matrix",
) -> RungState:
    """Return a rung that waits for its time from now on."""
    return schedule(
        policy,
        state,
        RungState(rung=rung.rung, occasion=occasion, base_at=base, armed_at=now, cause=cause),
    )


def schedule(policy: CasePolicy, state: InquiryState, armed: RungState) -> RungState:
    """Return the rung with its moments computed again, never before the moment it was armed for.

    A rung that the case learned of late keeps the due time that the procedure gives it: it then
    fires at once, and both moments are journaled. One that comes back to life with a reopened
    case counts from the reopening at the earliest (`not_before`).
    """
    rung = policy.rung(armed.rung)
    if rung is None:
        return armed
    due = moment(policy, rung, armed.base_at, 1.0, state)
    if due is not None and armed.not_before is not None:
        due = max(due, armed.not_before)
    warn = None
    if rung.warn_at is not None and rung.after > timedelta(0):
        warn = moment(policy, rung, armed.base_at, rung.warn_at, state)
    return armed.model_copy(update={"due_at": due, "warn_at": warn})


def rearm(
    policy: CasePolicy, state: InquiryState, now: datetime, cause: str
) -> tuple[RungState, ...]:
    """Return the rungs after a fact changed: category, priority, a pause, the policy.

    Rungs that fired or were met stay. Waiting ones are computed again from receipt, those that
    no longer apply are dropped, those that apply now are added.
    """
    kept: list[RungState] = []
    for held in state.rungs:
        rung = policy.rung(held.rung)
        if not held.armed:
            kept.append(held)
        elif rung is not None and (rung.starts != Starts.RECEIPT or applies(rung, state)):
            kept.append(schedule(policy, state, held))
    known = {held.rung for held in kept}
    for rung in policy.escalation:
        new = rung.starts == Starts.RECEIPT and rung.rung not in known and applies(rung, state)
        if new:
            kept.append(arm(policy, rung, state, base=state.received_at, now=now, cause=cause))
    return tuple(kept)


def revive(policy: CasePolicy, state: InquiryState, now: datetime) -> tuple[RungState, ...]:
    """Return the rungs of a case that is open again: what was met waits anew, from now on."""
    revived = []
    for held in state.rungs:
        rung = policy.rung(held.rung)
        back = held.met_at is not None and rung is not None and rung.starts == Starts.RECEIPT
        if back:
            waiting = held.model_copy(
                update={"met_at": None, "not_before": now, "armed_at": now, "cause": "reopened"}
            )
            revived.append(schedule(policy, state, waiting))
        else:
            revived.append(held)
    return tuple(revived)
