"""Duties in the CRM, and what the schedules ask it, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.duty_reads import DutyReads, SqlDutySource
from adapters.journal_purge import PurgeCertificate, file_certificate, purge_journal
from adapters.person import PersonRecords
from adapters.restrictions import Restrictions
from adapters.staff import TrainingRecords
from sop.duty.models import DutyKind, DutyOutcome, DutyRow, DutyStage
from sop.duty.records import DutyFilter
from sop.handoff.models import HandoffRow, HandoffStage
from sop.models import CLOCK, Actor, Role
from sop.outgoing import FlushBatch, Outgoing
from sop.training import TrainingRecord
from tests.batches import ANNA, MONDAY, after, case, entry, flush, opened, opening, paged

ONE = timedelta(microseconds=1)
BEN = Actor(principal="ben", role=Role.CSR)


def duty(duty_id: str, version: int = 1, **changes: Any) -> FlushBatch:
    """Return what a duty's workflow flushes."""
    fields = {
        "kind": DutyKind.AUDIT,
        "stage": DutyStage.OPEN,
        "clause": "HOF-6.2",
        "subject": "Audit C-1.",
        "about": "C-1",
        "role": Role.QUALITY_MANAGER,
        "due_at": after(3600),
        "next_deadline": after(3600),
        "policy_version": "1",
        **changes,
    }
    return FlushBatch(
        stream=duty_id,
        case_id=duty_id,
        duty=DutyRow(duty_id=duty_id, version=version, **fields),
        outgoing=Outgoing(entries=(entry(version),)),
        at=after(version),
    )


def handoff(handoff_id: str, **changes: Any) -> FlushBatch:
    """Return what a handoff's workflow flushes at its beginning."""
    row = HandoffRow(
        handoff_id=handoff_id,
        version=1,
        customer_id="c-7",
        stage=HandoffStage.CLOSED,
        subject="s",
        text="t",
        opened_by="anna",
        receiving_party="rita",
        receiving_party_name="r",
        receiving_party_contact="c",
        custody="rita",
        custody_since=MONDAY,
        received_at=MONDAY,
        **changes,
    )
    return FlushBatch(
        stream=handoff_id,
        case_id=handoff_id,
        handoff=row,
        outgoing=Outgoing(entries=(entry(1),), opening=opening()),
        at=MONDAY,
    )


@pytest.mark.clause("HOF-6.2", "INQ-8.1")
def test_a_duty_is_written_with_its_entries_and_keeps_when_it_was_opened(
    database: Database,
) -> None:
    crm, reads = SqlCrm(database), DutyReads(database)
    crm.flush(duty("duty-1"))
    done = duty(
        "duty-1",
        2,
        stage=DutyStage.CLOSED,
        next_deadline=None,
        done_at=after(2),
        done_by="quinn",
        outcome=DutyOutcome.FINDING,
        findings="Late.",
    )
    for _ in range(2):
        crm.flush(done)
    found = reads.duty("duty-1")
    assert found is not None
    assert (found.version, found.opened_at, found.updated_at) == (2, after(1), after(2))
    assert (found.outcome, found.findings, found.done_by) == ("finding", "Late.", "quinn")
    assert len(CrmReads(database).timeline("duty-1")) == 2
    assert CrmReads(database).find_case_digest("duty-1") == ""
    assert CrmReads(database).find_case_digest("duty-2") is None
    assert reads.duty("duty-2") is None


@pytest.mark.clause("HOF-6.2", "HOF-5.3")
def test_duties_are_listed_by_what_is_asked_for_and_to_whom_they_exist(database: Database) -> None:
    crm, reads = SqlCrm(database), DutyReads(database)
    crm.flush(duty("duty-audit", next_deadline=after(20), assignee="ben"))
    crm.flush(duty("duty-training", kind=DutyKind.TRAINING_REMINDER, about="ben",
                   next_deadline=after(10)))  # fmt: skip
    crm.flush(duty("duty-review", kind=DutyKind.PROCEDURE_REVIEW, about="1", next_deadline=None,
                   stage=DutyStage.CLOSED, done_at=after(1)))  # fmt: skip

    def ids(**wanted: Any) -> list[str]:
        return [each.duty_id for each in reads.duties(DutyFilter(**wanted)).duties]

    assert ids() == ["duty-training", "duty-audit", "duty-review"]
    assert ids(open_only=True) == ["duty-training", "duty-audit"]
    assert ids(kind=DutyKind.AUDIT) == ids(assignee="ben") == ["duty-audit"]
    assert ids(own_of=BEN) == ["duty-training", "duty-audit"]
    assert ids(own_of=ANNA) == []
    assert reads.duty("duty-audit", ANNA) is None
    manager = Actor(principal="mia", role=Role.QUALITY_MANAGER)
    assert len(ids(own_of=manager)) == 3
    first = reads.duties(DutyFilter(), limit=2)
    rest = reads.duties(DutyFilter(), cursor=first.next_cursor)
    assert [each.duty_id for each in (*first.duties, *rest.duties)] == ids()


@pytest.mark.clause("HOF-6.2")
def test_the_closed_cases_of_a_span_are_inquiries_and_handoffs(database: Database) -> None:
    crm, source = SqlCrm(database), SqlDutySource(database)
    begins, ends = after(100), after(200)
    closing = {"C-before": begins - ONE, "C-first": begins, "C-last": ends - ONE, "C-after": ends}
    for case_id, at in {**closing, "C-open": None}.items():
        crm.flush(opened(case_id, row=case(1, case_id, closed_at=at)))
    crm.flush(handoff("handoff-in", closed_at=after(150)))
    crm.flush(handoff("handoff-out", closed_at=ends))
    assert set(source.closed_between(begins, ends)) == {"C-first", "C-last", "handoff-in"}


@pytest.mark.clause("HOF-5.1", "HOF-6.2")
def test_what_an_erasure_left_is_audited_no_more_and_its_audit_is_hidden(
    database: Database,
) -> None:
    crm, reads, source = SqlCrm(database), DutyReads(database), SqlDutySource(database)
    for case_id in ("inquiry-1", "inquiry-2"):
        crm.flush(opened(case_id, row=case(1, case_id, closed_at=after(100))))
        crm.flush(duty(f"duty-{case_id}", about=case_id))
    crm.flush(duty("duty-left", about="inquiry-gone"))
    assert set(PersonRecords(database).open_audits("c-7")) == {"duty-inquiry-1", "duty-inquiry-2"}
    Restrictions(database).restrict("privacy-1", ("inquiry-1", "duty-left"), after(200))
    assert source.closed_between(after(0), after(200)) == ("inquiry-2",)
    assert [each.duty_id for each in reads.duties(DutyFilter()).duties] == ["duty-inquiry-2"]
    for hidden in ("duty-inquiry-1", "duty-left"):
        assert reads.duty(hidden) is None
        assert reads.duty(hidden, restricted=True) is not None


@pytest.mark.clause("HOF-5.1", "HOF-6.2")
def test_who_has_only_entries_that_were_purged_is_no_handler(database: Database) -> None:
    SqlCrm(database).flush(opened("C-1"))
    assert SqlDutySource(database).handlers_of("C-1") == ("anna",)
    paper = PurgeCertificate("certificate-1", "erasure", after(9), "{}", frozenset({"C-1"}))

    def purge(connection: Connection) -> None:
        file_certificate(connection, paper)
        purge_journal(connection, "C-1", paper.certificate_id)

    database.write(purge)
    assert SqlDutySource(database).handlers_of("C-1") == ()


@pytest.mark.clause("HOF-6.2")
def test_who_handled_a_case_has_an_entry_in_it_or_in_its_escalations(database: Database) -> None:
    crm, source = SqlCrm(database), SqlDutySource(database)
    crm.flush(opened("C-1"))
    crm.flush(flush(entry(2, actor=BEN), entry(3, actor=CLOCK), at=after(1)))
    leader = Actor(principal="lena", role=Role.TEAM_LEADER)
    crm.flush(paged(entry(1, actor=leader)))
    crm.flush(opened("C-2"))
    assert set(source.handlers_of("C-1")) == {"anna", "ben", "lena"}
    assert source.handlers_of("C-3") == ()


@pytest.mark.clause("INQ-8.1", "HOF-6.2")
def test_the_schedules_know_what_they_opened_before_and_which_versions_there_were(
    database: Database,
) -> None:
    crm, source = SqlCrm(database), SqlDutySource(database)
    assert not source.knows_another_version("1")
    crm.flush(duty("duty-audit-2026-10-C_1"))
    crm.flush(duty("duty-audit-2026-11-C_1"))
    assert source.opened_among(["duty-audit-2026-10-C_1", "duty-audit-2026-10-C_2"]) == {
        "duty-audit-2026-10-C_1"
    }
    assert source.opened_among([]) == frozenset()
    assert source.opened_like("duty-audit-2026-1_-") == frozenset()
    assert source.opened_like("duty-audit-2026-11-") == {"duty-audit-2026-11-C_1"}
    assert not source.knows_another_version("1")
    assert source.knows_another_version("2")
    crm.flush(opened("C-1", row=case(1, policy_version="2")))
    assert source.knows_another_version("1")


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_training_counts_as_renewed_from_its_moment_on(database: Database) -> None:
    record = TrainingRecord(
        principal="anna",
        course="inquiry_handling",
        completed_at=MONDAY,
        recorded_at=MONDAY,
        recorded_by="lena",
    )
    TrainingRecords(database).record(record)
    source = SqlDutySource(database)
    assert source.latest_trainings() == (record,)
    assert source.trained_from("anna", "inquiry_handling", MONDAY)
    assert not source.trained_from("anna", "inquiry_handling", MONDAY + ONE)
    assert not source.trained_from("anna", "another", MONDAY)
    assert not source.trained_from("ben", "inquiry_handling", MONDAY)
