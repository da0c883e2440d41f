"""What a privacy request takes from the work that was done for it (HOF-5.1)."""

from datetime import datetime

from sop.disposal import Because
from sop.models import CLOCK
from sop.privacy.case import PrivacyCase
from sop.privacy.models import ClosedPrivacyAs, RefusalReason, Work, WorkDone
from sop.privacy.stages import CLAUSE, held

MOST_NAMED = 200
"""So many records that remain are named; their number stands in the journal besides."""


def done(case: PrivacyCase, what: WorkDone, now: datetime) -> None:
    """Hear what came of the work that was under way; anything else is over already."""
    if case.state.closed_at is not None or case.state.work is not what.work:
        return
    case.set(work=None)
    {
        Work.PLACE_HOLD: _placed,
        Work.RELEASE_HOLD: _released,
        Work.EXPORT: _exported,
        Work.DELETE_EXPORT: _export_gone,
        Work.ERASE: _erased,
    }[what.work](case, what, now)


def _placed(case: PrivacyCase, what: WorkDone, now: datetime) -> None:
    if what.refusal is not None:
        _not_placed(case, what.refusal, now)
        return
    case.set(placed_at=now)
    scope = list(case.state.cases) or ["customer"]
    case.record("hold.placed", CLOCK, now, [CLAUSE], entry_id="hold/placed", scope=scope)


def _not_placed(case: PrivacyCase, why: RefusalReason, now: datetime) -> None:
    """End a hold that holds nothing, and say so: somebody relies on it."""
    case.set(refusal=why)
    named = list(case.state.cases)
    case.record(
        "hold.refused", CLOCK, now, [CLAUSE], entry_id="hold/refused", reason=str(why), cases=named
    )
    body = f"{case.state.case_id}: no hold was placed ({why}). See which cases it names."
    case.warn_holder("hold/refused", body, now)
    case.close(ClosedPrivacyAs.REFUSED, CLOCK, now)


def _released(case: PrivacyCase, what: WorkDone, now: datetime) -> None:
    del what
    case.set(executed_at=now)
    case.record("hold.released", CLOCK, now, [CLAUSE], entry_id="hold/released")
    case.close(ClosedPrivacyAs.RELEASED, CLOCK, now)


def _exported(case: PrivacyCase, what: WorkDone, now: datetime) -> None:
    until = now + case.policy.privacy.export_kept_for
    case.set(executed_at=now, counts=what.counts, withheld=what.withheld, export_until=until)
    case.record(
        "export.made",
        CLOCK,
        now,
        [CLAUSE],
        entry_id="export/made",
        records=sum(what.counts.values()),
        withheld=list(what.withheld),
        until=until.isoformat(),
    )
    body = f"{case.state.case_id}: the export is ready; fetch it, and tell the requester."
    case.warn_holder("export/made", body, now)


def _export_gone(case: PrivacyCase, what: WorkDone, now: datetime) -> None:
    del what
    case.set(export_until=None)
    case.record("export.deleted", CLOCK, now, [CLAUSE], entry_id="export/deleted")
    case.close_if_done(now)


def _erased(case: PrivacyCase, what: WorkDone, now: datetime) -> None:
    state = case.state
    first = state.executed_at is None
    waits = any(part.because is not Because.LEGAL_BASIS for part in what.remaining)
    counts = {
        name: state.counts.get(name, 0) + what.counts.get(name, 0)
        for name in sorted(state.counts.keys() | what.counts.keys())
    }
    news = first or what.remaining[:MOST_NAMED] != state.remaining
    case.set(
        executed_at=state.executed_at or now,
        attempts=state.attempts + 1,
        counts=counts,
        remaining=what.remaining[:MOST_NAMED],
        certificates=(*state.certificates, *what.certificates),
        look_again_at=now + case.policy.privacy.look_again_every if waits else None,
    )
    if news:
        case.record(
            "erasure.done",
            CLOCK,
            now,
            [CLAUSE],
            destroyed=sum(what.counts.values()),
            ended=what.ended,
            remaining=len(what.remaining),
            why=sorted({str(part.basis or part.because) for part in what.remaining}) or None,
            certificates=list(what.certificates),
        )
    if first:
        body = f"{state.case_id}: erased{_but(case)}; tell the requester."
        case.warn_holder("erasure/done", body, now)
    case.close_if_done(now)


def _but(case: PrivacyCase) -> str:
    if held(case.state):
        return ", but for what a legal hold keeps"
    return ", but for what the law keeps" if case.state.remaining else ""
