"""The demo's audit finds what it looks for: else `mismatches: 0` would say nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.demo.accepted import Accepted, AcceptedLog, cause_of, mismatches
from sop.models import Actor, Role
from sop.records import TimelineEntry

CASE = "inquiry-1"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
CSR = Actor(principal="representative-1", role=Role.CSR)
NOTE = cause_of("add_note", CSR, "key-1")


def entry(seq: int, entry_id: str) -> TimelineEntry:
    return TimelineEntry(
        stream=CASE, seq=seq, entry_id=entry_id, at=AT, actor=CSR, kind="note.added"
    )


def accepted(cause: str, seq: int = 0) -> Accepted:
    return Accepted(case_id=CASE, stream=CASE, cause=cause, seq=seq)


REQUESTS = (accepted("open"), accepted(NOTE, 2))
WHOLE = (entry(1, "open#0"), entry(2, f"{NOTE}#0"))


@pytest.mark.clause("INQ-4.5.1")
@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (WHOLE, None),
        ((), "open was accepted and is missing"),
        (WHOLE[:1], f"{NOTE} was accepted and is missing"),
        ((*WHOLE, entry(3, f"{NOTE}#0")), f"{NOTE}#0 stands 2 times"),
        ((WHOLE[0], entry(3, f"{NOTE}#0")), "the journal has gaps"),
        ((entry(1, f"{NOTE}#0"),), "entry 2 was answered and is missing"),
    ],
    ids=["whole", "nothing", "lost", "doubled", "gap", "short"],
)
def test_the_audit_names_what_was_lost_or_doubled(
    entries: tuple[TimelineEntry, ...], found: str | None
) -> None:
    wrong = mismatches(REQUESTS, lambda _: entries)
    assert wrong == () if found is None else any(found in said for said in wrong)


def test_accepted_requests_outlive_the_run_even_an_interrupted_one(tmp_path: Path) -> None:
    path = tmp_path / "accepted.jsonl"
    log = AcceptedLog(path)
    for request in REQUESTS:
        log.note(request)
    with path.open("a") as file:
        file.write('{"case_id": "inqu')
    later = AcceptedLog(path)
    assert later.all == REQUESTS
    later.note(accepted("next", 3))
    assert AcceptedLog(path).all == (*REQUESTS, accepted("next", 3))


def test_a_repeated_request_that_is_answered_otherwise_is_noticed(tmp_path: Path) -> None:
    log = AcceptedLog(tmp_path / "accepted.jsonl")
    log.note(accepted(NOTE, 2))
    log.note(accepted(NOTE, 2))
    with pytest.raises(ValueError, match="answered differently"):
        log.note(accepted(NOTE, 3))
    assert log.all == (accepted(NOTE, 2),)
