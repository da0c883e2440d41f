"""Handoffs and their registers as the API and the command line read them."""

from typing import Any

import pytest

from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.handoff_reads import HandoffReads
from sop.handoff.models import HandoffStage
from sop.handoff.records import HandoffFilter
from sop.outgoing import FlushBatch
from tests.sop.builders import DAY, MONDAY
from tests.sop.handoff.builders import (
    ACCEPTED,
    ARCHIVE,
    FAXED,
    IDENTIFIED,
    INQUIRY_ID,
    MISMATCHED,
    PREPARED,
    SENT,
    WITHDRAWN,
    HandedOver,
    handed,
    offered,
    verified,
)


@pytest.fixture
def crm(database: Database) -> SqlCrm:
    return SqlCrm(database)


@pytest.fixture
def reads(database: Database) -> HandoffReads:
    return HandoffReads(database)


def keep(crm: SqlCrm, handed_over: HandedOver) -> str:
    """Write a handoff as its workflow would; return its id."""
    case_id = handed_over.state.case_id
    batch = FlushBatch(
        stream=case_id,
        case_id=case_id,
        handoff=handed_over.case.row(),
        outgoing=handed_over.case.take_pending(),
        at=handed_over.now,
    )
    crm.flush(batch)
    return case_id


def listed(reads: HandoffReads, **wanted: Any) -> list[str]:
    page = reads.handoffs(HandoffFilter.model_validate(wanted))
    return [each.handoff_id.removeprefix("handoff-") for each in page.handoffs]


def test_a_handoff_is_read_whole_with_its_customer(crm: SqlCrm, reads: HandoffReads) -> None:
    handed_over = offered()
    row = handed_over.case.row()
    found = reads.handoff(keep(crm, handed_over))
    assert found is not None
    assert {name: getattr(found, name) for name, _ in row} == dict(row)
    assert found.customer.name == "Carla Client"
    assert found.opened_at == found.updated_at == MONDAY
    assert reads.receiving_party(row.handoff_id) == "rita"


@pytest.mark.parametrize("name", ["handoff-00000000", "", "inquiry-1", "\x00"])
def test_a_handoff_that_does_not_exist_has_nothing_to_show(reads: HandoffReads, name: str) -> None:
    assert reads.handoff(name) is None
    assert reads.receiving_party(name) is None
    assert reads.of_inquiry(name) == ()
    assert [reads.confirmations(name), reads.verifications(name), reads.reports(name)] == [()] * 3


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["offered", "later", "verified", "withdrawn"]),
        ({"stage": HandoffStage.OFFERED}, ["offered", "later"]),
        ({"receiving_party": "ron"}, ["later"]),
        ({"visible_to": "rita"}, ["offered"]),
        ({"visible_to": "rita", "receiving_party": "ron"}, []),
        ({"assignee": "ben"}, ["verified"]),
        ({"inquiry_id": INQUIRY_ID}, ["withdrawn"]),
        ({"customer_id": "c-2"}, ["later"]),
        ({"due_before": MONDAY + DAY}, ["offered"]),
        ({"open_only": True}, ["offered", "later", "verified"]),
    ],
    ids=str,
)
def test_a_list_shows_the_wanted_handoffs_and_the_next_deadline_first(
    crm: SqlCrm, reads: HandoffReads, wanted: dict[str, Any], found: list[str]
) -> None:
    for handed_over in (
        offered(case_id="handoff-later", receiving=ARCHIVE, customer_id="c-2", worker_away=2 * DAY),
        verified(case_id="handoff-verified", assignee="ben"),
        handed(WITHDRAWN, case_id="handoff-withdrawn", inquiry_id=INQUIRY_ID),
        offered(case_id="handoff-offered"),
    ):
        keep(crm, handed_over)
    assert listed(reads, **wanted) == found


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_the_pages_of_a_list_hold_every_handoff_once(
    crm: SqlCrm, reads: HandoffReads, limit: int
) -> None:
    for number in range(3):
        keep(crm, offered(case_id=f"handoff-o{number}"))
        keep(crm, handed(case_id=f"handoff-h{number}"))
    seen: list[str] = []
    cursor = None
    while True:
        page = reads.handoffs(HandoffFilter(), cursor=cursor, limit=limit)
        assert len(page.handoffs) <= limit
        seen += [each.handoff_id for each in page.handoffs]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"handoff-{kind}{number}" for kind in "oh" for number in range(3)]


def test_a_list_holds_none_of_the_longer_texts(crm: SqlCrm, reads: HandoffReads) -> None:
    keep(crm, offered())
    (shown,) = reads.handoffs(HandoffFilter()).handoffs
    assert (shown.text, shown.brief) == ("", None)


def test_the_handoffs_of_an_inquiry_are_read_the_oldest_first(
    crm: SqlCrm, reads: HandoffReads
) -> None:
    for name, days in (("second", 2), ("first", 1)):
        at = MONDAY + days * DAY
        keep(crm, handed(case_id=f"handoff-{name}", inquiry_id=INQUIRY_ID, received_at=at,
                         worker_away=3 * DAY))  # fmt: skip
    keep(crm, handed(case_id="handoff-alone"))
    found = [each.handoff_id for each in reads.of_inquiry(INQUIRY_ID)]
    assert found == ["handoff-first", "handoff-second"]


@pytest.mark.clause("HOF-7.1", "HOF-7.2", "HOF-7.3")
def test_the_registers_of_a_handoff_are_read_as_they_were_written(
    crm: SqlCrm, reads: HandoffReads
) -> None:
    handed_over = handed(MISMATCHED, IDENTIFIED, FAXED, *PREPARED, SENT, ACCEPTED)
    log, told = handed_over.log, handed_over.reports
    confirmations = handed_over.confirmations
    case_id = keep(crm, handed_over)
    assert reads.verifications(case_id) == log
    assert reads.confirmations(case_id) == confirmations
    assert reads.reports(case_id) == told
    assert [len(log), len(confirmations), len(told)] == [2, 1, 1]


@pytest.mark.clause("HOF-4.3.2")
def test_the_timeline_of_a_handoff_is_that_of_every_case(crm: SqlCrm, database: Database) -> None:
    handed_over = offered()
    kinds = handed_over.kinds
    case_id = keep(crm, handed_over)
    assert [entry.kind for entry in CrmReads(database).timeline(case_id)] == kinds
