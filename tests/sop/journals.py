"""Journals as the CRM shows them, made from the entries of a case that was played in memory."""

from collections.abc import Iterable

from sop.inquiry import Inquiry
from sop.models import Entry
from sop.records import TimelineEntry
from sop.standing import CaseKind, Standing

LATER = {"identity.checked", "discrepancy.opened", "discrepancy.decided", "approval.used"}
"""Kinds of entry that version 0.1.0 did not write."""


def timeline(case_id: str, entries: Iterable[Entry]) -> tuple[TimelineEntry, ...]:
    """Return a case's own entries with their writer."""
    return tuple(
        TimelineEntry.model_validate({**dict(entry), "stream": case_id}) for entry in entries
    )


def standing_of(case: Inquiry) -> Standing:
    """Return how an inquiry stands, as its row would say."""
    said = {name: value for name, value in case.row() if name in Standing.model_fields}
    return Standing.model_validate({**said, "kind": CaseKind.INQUIRY})


def as_0_1_0(entries: Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """Return a journal without what version 0.1.0 did not write."""
    return tuple(map(_as_0_1_0, entries))


def _as_0_1_0(entry: TimelineEntry) -> TimelineEntry:
    later = set() if entry.kind in LATER else {"withdraws"}
    if entry.kind == "verification.recorded":
        later.add("exempt_from_verification")
    kept = {name: value for name, value in entry.detail.items() if name not in later}
    return entry.model_copy(update={"detail": kept})
