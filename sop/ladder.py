"""The escalation ladder of one inquiry: which rungs apply, and when each is due (INQ-6)."""

from datetime import datetime, timedelta

from sop.calendar import add_working
from sop.policy import CasePolicy, PinnedPolicy, Rung, Starts
from sop.state import CaseState, InquiryState, RungState


def applies(rung: Rung, state: InquiryState) -> bool:
    """Return whether a rung concerns this inquiry."""
    if not (rung.categories or rung.priorities or rung.complex):
        return True
    return (
        state.category in rung.categories
        or state.priority in rung.priorities
        or (rung.complex and state.complex)
    )


def moment(
    policy: PinnedPolicy, rung: Rung, base: datetime, share: float, state: CaseState
) -> datetime | None:
    """Return when `share` of a rung's time has passed since `base`; None while it is paused."""
    pauses = state.pauses if rung.pause_while_waiting else ()
    calendar = policy.calendar(rung.calendar)
    return add_working(calendar, base, rung.after * share, pauses)


def next_occasion(state: CaseState, rung: str) -> int:
    """Return the number under which a rung is taken up for a new reason."""
    return 1 + sum(held.rung == rung for held in state.rungs)


def arm(
    policy: PinnedPolicy,
    rung: Rung,
    state: CaseState,
    *,
    now: datetime,
    cause: str,
    base: datetime | None = None,
) -> RungState:
    """Return a rung that waits for its time from now on, counted from `base` or the receipt."""
    armed = RungState(
        rung=rung.rung,
        occasion=next_occasion(state, rung.rung),
        starts=rung.starts,
        base_at=base or state.received_at,
        armed_at=now,
        cause=cause,
    )
    return schedule(policy, state, armed)


def schedule(policy: PinnedPolicy, state: CaseState, armed: RungState) -> RungState:
    """Return the rung with its moments computed again.

    A rung that the case learned of late keeps the due time that the procedure gives it: it then
    fires at once, and both moments are journaled. In a case that was reopened nothing was due
    before that.
    """
    rung = policy.rung(armed.rung)
    if rung is None:
        return armed
    due = moment(policy, rung, armed.base_at, 1.0, state)
    if due is not None and state.reopened_at is not None:
        due = max(due, state.reopened_at)
    warn = None
    if rung.warn_at is not None and rung.after > timedelta(0):
        warn = moment(policy, rung, armed.base_at, rung.warn_at, state)
    return armed.model_copy(update={"due_at": due, "warn_at": warn})


def rearm(
    policy: CasePolicy, state: InquiryState, now: datetime, cause: str
) -> tuple[RungState, ...]:
    """Return the rungs after a fact changed: category, priority, a pause, the policy.

    Rungs that fired stay. Waiting ones are computed again from their fact; those that no longer
    apply are met, and wait anew should they apply again: a warning is not given twice. A resolved
    case takes up nothing; one that is open again takes up what was met.
    """
    fired = {held.rung for held in state.rungs if held.fired_at is not None}
    rungs: list[RungState] = []
    for held in state.rungs:
        if held.fired_at is not None:
            rungs.append(held)
        elif not _still_applies(policy, state, held):
            met = {"met_at": held.met_at or now, "due_at": None, "warn_at": None}
            rungs.append(held.model_copy(update=met))
        elif held.armed:
            rungs.append(schedule(policy, state, held))
        elif state.resolved_at is None and _comes_back(held) and held.rung not in fired:
            anew = {"met_at": None, "armed_at": now, "cause": cause}
            rungs.append(schedule(policy, state, held.model_copy(update=anew)))
        else:
            rungs.append(held)
    if state.resolved_at is None:
        known = {held.rung for held in rungs if _comes_back(held)}
        rungs += [
            arm(policy, row, state, now=now, cause=cause)
            for row in policy.escalation
            if row.starts == Starts.RECEIPT and row.rung not in known and applies(row, state)
        ]
    return tuple(rungs)


def _still_applies(policy: CasePolicy, state: InquiryState, held: RungState) -> bool:
    row = policy.rung(held.rung)
    return row is not None and row.starts == held.starts and applies(row, state)


def _comes_back(held: RungState) -> bool:
    """Every other fact than the receipt is a new occasion when it happens again."""
    return held.starts == Starts.RECEIPT
