"""The live table: stage, holder, next deadline and level of the cases at hand.

It shows codes and times only, never a word of a customer.
"""

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

from adapters.crm_reads import CrmReads
from sop.models import Stage
from sop.policy import Desk
from sop.records import CaseFilter, CaseSummary

ROWS = 12
_AT_HAND = 8
_ID_LENGTH = len("inquiry-") + 8
_STYLES: Mapping[Stage, str] = {
    Stage.CLOSED: "green",
    Stage.FOLLOW_UP: "cyan",
    Stage.PROMISED: "yellow",
    Stage.WAITING_FOR_CUSTOMER: "magenta",
}


def cases_shown(crm: CrmReads, at_hand: Sequence[str]) -> list[CaseSummary]:
    """Return the cases last worked on, the newest first, and below them the next to be due."""
    latest = list(dict.fromkeys(reversed(at_hand)))[:_AT_HAND]
    shown: list[CaseSummary] = [case for name in latest if (case := crm.case(name)) is not None]
    known = {case.case_id for case in shown}
    soonest = crm.cases(CaseFilter(open_only=True), limit=ROWS).cases
    return (shown + [case for case in soonest if case.case_id not in known])[:ROWS]


def table_of(cases: Iterable[CaseSummary], desk: Desk) -> Table:
    """Return the table."""
    table = Table(expand=True, header_style="bold", caption=f"times as at the desk: {desk.name}")
    for heading in ("case", "category", "stage", "held by", "next deadline", "then", "level"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for case in cases:
        level = case.escalation_level
        table.add_row(
            case.case_id[:_ID_LENGTH],
            f"{case.category or 'not yet'}, {case.priority or 'not yet'}",
            f"[{_STYLES.get(case.stage, 'default')}]{words(case.stage)}",
            case.holder or "nobody yet",
            desk.local(case.next_deadline) if case.next_deadline else "none",
            case.next_deadline_what or "",
            f"[bold red]{level}" if level else "",
        )
    return table


def words(name: str) -> str:
    """Return a code as a person reads it."""
    return name.replace("_", " ")
