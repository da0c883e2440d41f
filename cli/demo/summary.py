"""What a run did and found, as one JSON value."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from adapters.crm_reads import CrmReads
from cli.demo.accepted import mismatches
from cli.demo.play import Play
from sop.handoff.models import HandoffClosedAs
from sop.handoff.records import HandoffSummary
from sop.models import EscalationRecord, Stage
from sop.registers import ReportKind


class Fired(BaseModel):
    """One escalation of this run."""

    model_config = ConfigDict(frozen=True)

    case_id: str
    cause: str | None
    due: AwareDatetime | None
    fired: AwareDatetime | None
    lateness_ms: float | None
    level: int | None
    pages: int | None
    acknowledged_by: str | None


class Cases(BaseModel):
    """Cases by what this run did with them.

    Attributes:
        sent: Complaints sent, each with its number as key.
        opened: By this run, those that an act needed besides included.
        found: Complaints whose case an earlier run had opened.
        closed: By this run.
        in_crm: Of all runs.
        closed_in_crm: Of all runs.
    """

    model_config = ConfigDict(frozen=True)

    sent: int = 0
    opened: int = 0
    found: int = 0
    closed: int = 0
    in_crm: int = 0
    closed_in_crm: int = 0


class Handoffs(BaseModel):
    """The handoffs of this run, by what became of them.

    Attributes:
        ended: How many ended, by how: accepted, accepted_in_part, returned, withdrawn.
        discrepancies_decided: Supervisors' decisions.
        channels_refused: Attempts over channels that are not approved.
        reports: Exception and incident reports, by kind.
        confirmations: Transfers that were documented.
        misplaced: Handoffs whose custody is not where it must be; there must be none.
    """

    model_config = ConfigDict(frozen=True)

    opened: int = 0
    ended: dict[str, int] = {}
    discrepancies_decided: int = 0
    channels_refused: int = 0
    reports: dict[str, int] = {}
    confirmations: int = 0
    misplaced: int = 0


class Summary(BaseModel):
    """What `--once` prints.

    Attributes:
        ok: Everything was as it must be.
        reasons: What was not.
        escalations: Those of the cases that this run opened or worked, by rung.
        journal_entries: In the CRM, of all runs.
        pages: That went out, of all runs.
        accepted: Requests that the API accepted, of all runs; each was looked up in the CRM.
        mismatches: Accepted requests that the CRM lacks, and entries that it holds twice.
        refused: Steps that the procedure had to refuse, and did.
        put_off: Answers that asked for patience (503, 429), repeated with the same key.
        unanswered: Requests that got no answer at all, repeated with the same key.
        ready_after_seconds: Until the API answered.
    """

    model_config = ConfigDict(frozen=True)

    ok: bool = True
    reasons: tuple[str, ...] = ()
    cases: Cases = Cases()
    handoffs: Handoffs = Handoffs()
    escalations: dict[str, tuple[Fired, ...]] = {}
    journal_entries: int = 0
    pages: int = 0
    accepted: int = 0
    mismatches: int = 0
    refused: int = 0
    put_off: int = 0
    unanswered: int = 0
    worker_kills: int = 0
    ready_after_seconds: float = 0.0
    seconds: float = 0.0

    def failed(self, *reasons: str) -> "Summary":
        """Return the summary of a run in which something was wrong."""
        return self.model_copy(update={"ok": False, "reasons": (*self.reasons, *reasons)})


def take_stock(play: Play) -> Summary:
    """Compare what the API accepted with what the CRM holds, and count."""
    crm, tally, traffic = play.house.crm, play.tally, play.house.door.traffic
    accepted = play.house.accepted.all
    wrong = mismatches(accepted, crm.timeline)
    counts = crm.counts()
    ours = frozenset((*tally.opened, *tally.worked, *tally.handoffs))
    fired = [record for record in crm.escalations() if record.case_id in ours]
    early = [f"{r.case_id}: {r.rung} fired early" for r in fired if _early(r)]
    summary = Summary(
        cases=Cases(
            sent=len(play.sample),
            opened=len(tally.opened),
            found=tally.found,
            closed=_closed(crm, tally.worked),
            in_crm=counts.cases,
            closed_in_crm=counts.closed,
        ),
        handoffs=_handoffs(play),
        escalations=_by_rung(fired),
        journal_entries=counts.entries,
        pages=len(crm.outbox(topic="page")),
        accepted=len(accepted),
        mismatches=len(wrong),
        refused=traffic.refused,
        put_off=traffic.put_off,
        unanswered=traffic.unanswered,
        worker_kills=play.house.worker.kills,
    )
    lost = [] if not summary.handoffs.misplaced else ["custody is not where it must be"]
    failures = (*wrong, *early, *lost)
    return summary.failed(*failures) if failures else summary


def tell(summary: Summary) -> Iterator[str]:
    """Yield the summary's lines for a person."""
    cases = summary.cases
    yield f"{cases.in_crm} cases in the CRM, {cases.closed_in_crm} of them closed"
    ended = ", ".join(f"{n} {how.replace('_', ' ')}" for how, n in summary.handoffs.ended.items())
    yield f"{summary.handoffs.opened} handoffs of this run: {ended or 'none ended'}"
    yield f"{summary.journal_entries} journal entries, {summary.pages} pages"
    yield (
        f"{summary.accepted} requests were accepted, of earlier runs as well: "
        f"{summary.mismatches} are missing or stand there twice"
    )
    for rung, fired in sorted(summary.escalations.items()):
        latest = max((one.lateness_ms or 0.0 for one in fired), default=0.0)
        yield f"{rung}: fired {len(fired)} times, at most {latest:.0f} ms late"


def _handoffs(play: Play) -> Handoffs:
    reads = play.house.handoffs
    rows = [row for handoff_id in play.tally.handoffs if (row := reads.handoff(handoff_id))]
    reports = [report for row in rows for report in reads.reports(row.handoff_id)]
    kinds = Counter(str(report.kind) for report in reports)
    return Handoffs(
        opened=len(play.tally.handoffs),
        ended=dict(Counter(str(row.closed_as) for row in rows if row.closed_as)),
        discrepancies_decided=kinds[ReportKind.OVERRIDE] + kinds[ReportKind.IDENTITY_REJECTED],
        channels_refused=kinds[ReportKind.CHANNEL_NOT_APPROVED],
        reports=dict(kinds),
        confirmations=sum(len(reads.confirmations(row.handoff_id)) for row in rows),
        misplaced=sum(_is_misplaced(row) for row in rows),
    )


def _is_misplaced(row: HandoffSummary) -> bool:
    accepted = row.closed_as in {HandoffClosedAs.ACCEPTED, HandoffClosedAs.ACCEPTED_IN_PART}
    return row.custody != (row.receiving_party if accepted else row.assignee)


def _closed(crm: CrmReads, worked: Sequence[str]) -> int:
    cases = filter(None, map(crm.case, worked))
    return sum(case.stage == Stage.CLOSED for case in cases)


def _early(record: EscalationRecord) -> bool:
    return bool(record.fired_at and record.due_at and record.fired_at < record.due_at)


def _by_rung(records: Iterable[EscalationRecord]) -> dict[str, tuple[Fired, ...]]:
    rungs: dict[str, tuple[Fired, ...]] = {}
    for record in records:
        late = record.lateness
        fired = Fired(
            case_id=record.case_id,
            cause=record.cause,
            due=record.due_at,
            fired=record.fired_at,
            lateness_ms=late / timedelta(milliseconds=1) if late is not None else None,
            level=record.level,
            pages=record.pages,
            acknowledged_by=record.acknowledged_by,
        )
        rungs[record.rung] = (*rungs.get(record.rung, ()), fired)
    return rungs
