"""Lists, timelines and registers as the API and the command line read them."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.paging import LONGEST_PAGE
from sop.errors import InvalidValueError
from sop.models import CLOCK, Priority, Stage
from sop.records import CaseFilter, CrmCounts
from tests.batches import (
    ANNA,
    MONDAY,
    after,
    case,
    entry,
    flush,
    message,
    opened,
    paged,
    rung,
    task,
)


@pytest.fixture
def crm(database: Database) -> SqlCrm:
    return SqlCrm(database)


@pytest.fixture
def reads(database: Database) -> CrmReads:
    return CrmReads(database)


def listed(reads: CrmReads, **wanted: object) -> list[str]:
    return [found.case_id for found in reads.cases(CaseFilter.model_validate(wanted)).cases]


def pages(reads: CrmReads, limit: int) -> list[list[str]]:
    """Turn the pages of the list to the end."""
    found: list[list[str]] = []
    cursor = None
    while True:
        page = reads.cases(CaseFilter(), cursor=cursor, limit=limit)
        found.append([shown.case_id for shown in page.cases])
        cursor = page.next_cursor
        if cursor is None:
            return found


def open_case(crm: SqlCrm, case_id: str, due: float | None = None, **facts: object) -> None:
    deadline = None if due is None else after(due)
    crm.flush(opened(case_id, row=case(1, case_id, next_deadline=deadline, **facts)))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["C-2", "C-1", "C-4", "C-3"]),
        ({"stage": Stage.FOLLOW_UP}, ["C-1", "C-4"]),
        ({"category": "billing"}, ["C-2", "C-1"]),
        ({"priority": Priority.URGENT}, ["C-2", "C-3"]),
        ({"assignee": "anna"}, ["C-1", "C-3"]),
        ({"due_before": after(20)}, ["C-2", "C-1"]),
        ({"due_before": after(10)}, ["C-2"]),
        ({"open_only": True}, ["C-2", "C-1", "C-4"]),
        ({"stage": Stage.FOLLOW_UP, "assignee": "anna"}, ["C-1"]),
        ({"category": "complaint"}, []),
    ],
    ids=str,
)
def test_a_list_shows_the_wanted_cases_and_the_next_deadline_first(
    crm: SqlCrm, reads: CrmReads, wanted: dict[str, object], found: list[str]
) -> None:
    open_case(crm, "C-1", 10, stage=Stage.FOLLOW_UP, category="billing", assignee="anna")
    open_case(crm, "C-2", 5, category="billing", priority=Priority.URGENT)
    open_case(
        crm, "C-3", None, stage=Stage.CLOSED, priority=Priority.URGENT, assignee="anna",
        closed_at=MONDAY,
    )  # fmt: skip
    open_case(crm, "C-4", 30, stage=Stage.FOLLOW_UP)
    assert listed(reads, **wanted) == found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_the_pages_of_a_list_hold_every_case_once(crm: SqlCrm, reads: CrmReads, limit: int) -> None:
    for number, due in enumerate([5, 5, 5, 1, None, None, None]):
        open_case(crm, f"C-{number}", due)
    turned = pages(reads, limit)
    assert [name for page in turned for name in page] == [
        "C-3", "C-0", "C-1", "C-2", "C-4", "C-5", "C-6",
    ]  # fmt: skip
    assert all(len(page) == limit for page in turned[:-1])


def test_a_page_is_not_disturbed_by_the_cases_that_come_meanwhile(
    crm: SqlCrm, reads: CrmReads
) -> None:
    for number in range(4):
        open_case(crm, f"C-{number}", number * 10)
    first = reads.cases(CaseFilter(), limit=2)
    open_case(crm, "C-9", 5)
    open_case(crm, "C-8", 25)
    rest = reads.cases(CaseFilter(), cursor=first.next_cursor)
    assert [shown.case_id for shown in first.cases] == ["C-0", "C-1"]
    assert [shown.case_id for shown in rest.cases] == ["C-2", "C-8", "C-3"]


def test_a_page_is_never_longer_than_allowed_nor_empty_by_a_mistake(
    crm: SqlCrm, reads: CrmReads
) -> None:
    open_case(crm, "C-1")
    open_case(crm, "C-2")
    assert len(reads.cases(CaseFilter(), limit=-1).cases) == 1
    assert len(reads.cases(CaseFilter(), limit=LONGEST_PAGE * 10).cases) == 2


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense", "ä", "e30", "AAAA", "=", "bnVsbA",
        "eyJuZXh0X2RlYWRsaW5lIjoiMDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCIsImNhc2VfaWQiOiJDIn0",
    ],
)  # fmt: skip
def test_a_cursor_that_is_none_of_ours_is_refused_in_a_sentence(
    reads: CrmReads, cursor: str
) -> None:
    with pytest.raises(InvalidValueError, match="Begin again without it"):
        reads.cases(CaseFilter(), cursor=cursor)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(), encoded=st.booleans())
def test_no_text_whatever_breaks_a_list_as_its_cursor(
    reads: CrmReads, text: str, encoded: bool
) -> None:
    position = json.dumps({"next_deadline": "2026-11-23T09:00:00Z", "case_id": text})
    cursor = base64.urlsafe_b64encode(position.encode()).decode() if encoded else text
    with contextlib.suppress(InvalidValueError):
        assert reads.cases(CaseFilter(), cursor=cursor).cases == ()


def test_a_moment_at_the_end_of_time_is_refused_before_it_is_asked_for() -> None:
    far_east = timezone(timedelta(hours=14))
    for moment in (datetime.min.replace(tzinfo=far_east), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(ValidationError):
            CaseFilter(due_before=moment)


def test_a_case_that_does_not_exist_has_nothing_to_show(reads: CrmReads) -> None:
    for case_id in ("C-404", "\x00", "C-1'; DROP TABLE cases; --"):
        assert reads.case(case_id) is None
        assert reads.find_case_digest(case_id) is None
        assert reads.timeline(case_id) == ()


@pytest.mark.clause("INQ-4.5.1")
def test_a_timeline_holds_the_case_and_its_escalations_in_the_order_of_time(
    crm: SqlCrm, reads: CrmReads
) -> None:
    told = {"text": "Grüße \x00 🙂", "count": 3, "share": 0.5, "done": True, "none": None}
    crm.flush(opened())
    crm.flush(paged(entry(1, "page/1", at=after(20)), at=after(20)))
    crm.flush(
        flush(
            entry(2, at=after(10), clauses=("INQ-4.3.1", "INQ-4.3.2"), detail=told),
            entry(3, at=after(30), actor=CLOCK),
            at=after(30),
        )
    )
    timeline = reads.timeline("C-1")
    assert [(line.stream, line.seq) for line in timeline] == [
        ("inquiry-C-1", 1),
        ("inquiry-C-1", 2),
        ("escalation-C-1-complaint-1", 1),
        ("inquiry-C-1", 3),
    ]
    assert timeline[1].detail == told
    assert timeline[1].clauses == ("INQ-4.3.1", "INQ-4.3.2")
    assert (timeline[0].actor, timeline[3].actor) == (ANNA, CLOCK)


def test_the_register_of_escalations_is_read_by_case_and_by_span(
    crm: SqlCrm, reads: CrmReads
) -> None:
    for number in (1, 2, 3):
        name = f"C-{number}"
        crm.flush(opened(name, escalations=(rung(case_id=name, fired_at=after(number)),)))

    def fired(**span: Any) -> list[str]:
        return [record.case_id for record in reads.escalations(**span)]

    assert fired() == ["C-1", "C-2", "C-3"]
    assert fired(case_id="C-2") == ["C-2"]
    assert fired(fired_from=after(2)) == ["C-2", "C-3"]
    assert fired(fired_from=after(2), fired_before=after(3)) == ["C-2"]


def test_open_tasks_are_read_by_assignee_the_most_urgent_first(
    crm: SqlCrm, reads: CrmReads
) -> None:
    crm.flush(
        opened(
            tasks=(
                task("t1", assignee="anna", due_at=after(20)),
                task("t2", assignee="anna", due_at=after(10)),
                task("t3", assignee="bert"),
                task("t4", assignee="anna", done_at=after(5), outcome="confirmed"),
            )
        )
    )
    assert [found.task_id for found in reads.tasks(assignee="anna")] == ["t2", "t1"]
    assert len(reads.tasks(open_only=False, case_id="C-1")) == 4


def test_the_outbox_is_read_by_topic_the_oldest_first(crm: SqlCrm, reads: CrmReads) -> None:
    promise = message("m1", topic="promise", created_at=after(5))
    resolution = message("m2", created_at=MONDAY)
    crm.flush(opened(messages=(promise, resolution)))
    assert reads.outbox() == (resolution, promise)
    assert reads.outbox(case_id="C-1", topic="promise") == (promise,)


def test_the_counts_tell_what_the_crm_holds(crm: SqlCrm, reads: CrmReads) -> None:
    crm.flush(opened("C-1", tasks=(task("t"),), messages=(message("m"),)))
    crm.flush(
        opened(
            "C-2",
            row=case(1, "C-2", stage=Stage.CLOSED, closed_at=MONDAY),
            escalations=(rung(case_id="C-2"), rung("urgent", "C-2")),
        )
    )
    crm.flush(opened("C-3", escalations=(rung(case_id="C-3"),)))
    crm.flush(flush(entry(2, "lost"), at=after(1)))
    crm.flush(flush(entry(2, "kept"), at=after(2)))
    assert reads.counts() == CrmCounts(
        cases=3,
        closed=1,
        stages={"closed": 1, "received": 2},
        entries=4,
        replaced=1,
        escalations={"complaint": 2, "urgent": 1},
        open_tasks=1,
        messages=1,
    )
