"""The live table: stage, holder, next deadline and level of the cases at hand.

It shows codes and times only, never a word of a customer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from rich import box
from rich.table import Table

from adapters.crm_reads import CrmReads
from sop.models import Stage
from sop.policy import Desk
from sop.records import CaseFilter, CaseSummary

ROWS = 12
_OPEN_AT_HAND, _CLOSED_AT_HAND, _LOOKED_AT = 7, 2, 40
_ID_LENGTH = len("inquiry-") + 8
_STYLES: Mapping[Stage, str] = {
    Stage.CLOSED: "green",
    Stage.FOLLOW_UP: "cyan",
    Stage.PROMISED: "yellow",
    Stage.WAITING_FOR_CUSTOMER: "magenta",
}

_COLUMNS: tuple[tuple[str, int, Callable[[CaseSummary, Desk], str]], ...] = (
    ("case", 0, lambda case, _: case.case_id[:_ID_LENGTH]),
    ("category", 110, lambda case, _: f"{case.category or '?'}, {case.priority or '?'}"),
    ("stage", 0, lambda case, _: f"[{_STYLES.get(case.stage, 'default')}]{words(case.stage)}"),
    ("held by", 0, lambda case, _: case.holder or "nobody yet"),
    ("next deadline", 0, lambda case, desk: _local(case.next_deadline, desk)),
    ("then", 135, lambda case, _: case.next_deadline_what or ""),
    ("level", 0, lambda case, _: f"[bold red]{case.escalation_level or ''}"),
)
"""Heading, the narrowest terminal that shows it, and what stands there."""


def cases_shown(crm: CrmReads, at_hand: Sequence[str]) -> list[CaseSummary]:
    """Return the cases last worked on, the newest first, and below them the next to be due."""
    latest = list(dict.fromkeys(reversed(at_hand)))[:_LOOKED_AT]
    found = [case for name in latest if (case := crm.case(name)) is not None]
    still_open = [case for case in found if case.stage != Stage.CLOSED][:_OPEN_AT_HAND]
    closed = [case for case in found if case.stage == Stage.CLOSED][:_CLOSED_AT_HAND]
    known = {case.case_id for case in found}
    soonest = crm.cases(CaseFilter(open_only=True), limit=ROWS + len(known)).cases
    rest = [case for case in soonest if case.case_id not in known]
    return [*still_open, *closed, *rest][:ROWS]


def table_of(cases: Iterable[CaseSummary], desk: Desk, width: int) -> Table:
    """Return the table, with as many columns as a terminal of this width can show."""
    shown = [(heading, value) for heading, needs, value in _COLUMNS if width >= needs]
    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for heading, _ in shown:
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for case in cases:
        table.add_row(*(value(case, desk) for _, value in shown))
    return table


def words(name: str) -> str:
    """Return a code as a person reads it."""
    return name.replace("_", " ")


def _local(moment: datetime | None, desk: Desk) -> str:
    return moment.astimezone(desk.zone).strftime("%a %d %b %H:%M %Z") if moment else "none"
