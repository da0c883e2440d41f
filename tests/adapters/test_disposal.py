"""What is due goes, and nothing else: rows, keys, journals, each under a certificate."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event, text

from activities.key_ports import KeyErasedError
from activities.privacy_ports import OpenCase
from adapters.crm_reads import CrmReads
from adapters.disposal_tables import disposals, disposed_cases
from adapters.keyring import SqlKeyring
from adapters.local_wrapper import LocalWrapper
from adapters.person import PersonRecords
from adapters.proof_tables import certificate_cases, certificates
from adapters.restrictions import Restrictions
from adapters.tables import cases, customers, journal_entries
from sop.disposal import Because, Disposal, DisposalOrder, DueQuestion, ErasureOrder
from sop.keys import RecordClass, customer_owner
from sop.policy_rules import LegalBases, LegalBasis
from sop.retention import CLASSES
from tests.disposals import Archive, an_archive
from tests.restricting import is_restricted

CLOSED = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
OVER = datetime(2028, 3, 15, 9, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
LATER = datetime(2040, 1, 1, tzinfo=UTC)


@pytest.fixture
def archive(database_url: URL, tmp_path: Path) -> Iterator[Archive]:
    with an_archive(database_url, tmp_path) as archive:
        yield archive


def changed(archive: Archive, before: dict[str, int]) -> dict[str, int]:
    """Return what there is less of than before."""
    after = archive.counts()
    return {name: before[name] - after[name] for name in before if before[name] != after[name]}


@pytest.mark.clause("INQ-7.1")
async def test_an_inquiry_goes_after_twelve_months_and_its_registers_stay(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    key = archive.keyring.obtain("inquiry-1", (RecordClass.INQUIRY,))[RecordClass.INQUIRY]
    sealed = key.seal(b"private", b"here")
    early, _ = await archive.run(OVER - MOMENT)
    assert early.gone == {"history": 1}
    before = archive.counts()
    run, (batch,) = await archive.run(OVER)
    assert [(gone.case_id, str(gone.record_class)) for gone in batch.gone] == [
        ("inquiry-1", "inquiry")
    ]
    assert batch.counts == {
        "inquiry.cases": 1,
        "inquiry.escalations": 1,
        "inquiry.journal_entries": 2,
        "inquiry.keys": 1,
        "inquiry.outbox": 1,
        "inquiry.tasks": 1,
    }
    assert run.customers_gone == 1
    assert changed(archive, before) == {
        "cases": 1,
        "customers": 1,
        "escalations": 1,
        "identity_factors": 1,
        "journal_entries": 2,
        "keys": 2,  # the case's and the customer's
        "outbox": 1,
        "tasks": 1,
    }
    ring = SqlKeyring(archive.keys, LocalWrapper(archive.file))
    with pytest.raises(KeyErasedError):
        ring.open_by_id(key.key_id).open(sealed, b"here")
    assert archive.works("inquiry-1", RecordClass.VERIFICATION)
    assert not archive.works(customer_owner("c-7"), RecordClass.INQUIRY)


@pytest.mark.clause("HOF-7.1", "HOF-7.2", "HOF-7.3")
async def test_the_classes_of_a_handoff_go_one_after_the_other(archive: Archive) -> None:
    archive.close_handoff("handoff-1", CLOSED)
    archive.close_incident("incident-1", CLOSED)
    archive.close_duty("duty-1", CLOSED)
    gone = []
    for years in (1, 3, 5):
        at = CLOSED.replace(year=CLOSED.year + years)
        early, _ = await archive.run(at - MOMENT)
        run, _ = await archive.run(at)
        gone.append((early.gone, run.gone))
    assert gone == [
        ({"history": 3}, {}),
        ({}, {"handoff": 2, "verification": 1}),
        ({}, {"incident": 2}),
    ]
    assert {name: count for name, count in archive.counts().items() if count} == {}
    assert [row["customer_id"] for row in archive.rows(disposed_cases)] == [None] * 3


async def test_a_journal_keeps_its_places_and_loses_its_content(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    before = archive.rows(journal_entries)
    await archive.run(OVER)
    after = archive.rows(journal_entries)
    for name in ("stream", "seq", "position", "commitment", "hash", "at", "case_id"):
        assert [row[name] for row in after] == [row[name] for row in before]
    for row in after:
        assert (row["detail"], row["principal"], row["salt"]) == ({}, "", "")
        assert row["purged_by"].startswith("retention-1.")
    listed = [row["case_id"] for row in archive.rows(certificate_cases)]
    assert listed == ["inquiry-1"]


@pytest.mark.clause("HOF-5.1")
@pytest.mark.parametrize("scope", ["inquiry-1", customer_owner("c-7")])
async def test_what_is_held_stays_whole_and_goes_when_the_hold_is_released(
    archive: Archive, scope: str
) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_inquiry("inquiry-2", CLOSED, customer="c-8")
    archive.holds.place_hold("hold-1", [scope], CLOSED)
    run, _ = await archive.run(LATER, limit=3)
    assert run.gone == {"history": 1, "incident": 1, "inquiry": 1, "verification": 1}
    assert (run.held, run.held_cases) == ({"hold-1": 4}, ("inquiry-1",))
    assert [row["case_id"] for row in archive.rows(cases)] == ["inquiry-1"]
    assert [row["customer_id"] for row in archive.rows(customers)] == ["c-7"]
    assert all(archive.works("inquiry-1", each) for each in CLASSES["inquiry"])
    Restrictions(archive.database).restrict("privacy-1", ["inquiry-1"], LATER)
    archive.holds.release_hold("hold-1", LATER)
    run, _ = await archive.run(LATER)
    assert not is_restricted(archive.database, "inquiry-1")
    assert (run.gone, run.held) == (
        {"history": 1, "incident": 1, "inquiry": 1, "verification": 1},
        {},
    )
    assert archive.counts()["cases"] == archive.counts()["customers"] == 0


BELONG = ("handoff-1", "incident-1", "incident-2", "duty-1")


def belonging(archive: Archive) -> None:
    """Close an inquiry, and what was opened from it and about that, some time apart."""
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_handoff("handoff-1", CLOSED, inquiry_id="inquiry-1")
    archive.close_incident("incident-1", CLOSED, about="inquiry-1")
    archive.close_incident("incident-2", CLOSED + timedelta(days=400), about="handoff-1")
    archive.close_duty("duty-1", CLOSED, about="inquiry-1")


@pytest.mark.clause("HOF-5.1", "HOF-7.1")
async def test_a_hold_on_an_inquiry_holds_what_was_opened_from_it_and_about_that(
    archive: Archive,
) -> None:
    belonging(archive)
    archive.close_handoff("handoff-2", CLOSED)
    archive.holds.place_hold("hold-1", ["inquiry-1"], CLOSED)
    run, _ = await archive.run(LATER)
    assert set(run.held_cases) == {"inquiry-1", *BELONG}
    assert {each["case_id"] for each in archive.rows(disposed_cases)} == {"handoff-2"}
    for case_id in BELONG:
        assert all(archive.works(case_id, each) for each in CLASSES[case_id.partition("-")[0]])
    archive.holds.release_hold("hold-1", LATER)
    run, _ = await archive.run(LATER)
    assert run.held == {}
    assert {name: count for name, count in archive.counts().items() if count} == {}


@pytest.mark.clause("HOF-5.1", "HOF-7.1")
async def test_a_hold_reaches_what_is_left_of_cases_whose_rows_have_gone(archive: Archive) -> None:
    """The handoff's row goes after three years; its other records, and the incident, after five."""
    belonging(archive)
    await archive.run(CLOSED.replace(year=CLOSED.year + 4))
    assert archive.counts()["handoffs"] == 0
    archive.holds.place_hold("hold-1", ["inquiry-1"], LATER)
    run, _ = await archive.run(LATER)
    assert set(run.held_cases) == {"inquiry-1", "handoff-1", "incident-1", "incident-2"}
    assert run.gone == {}
    assert archive.works("incident-2", RecordClass.INCIDENT)


@pytest.mark.clause("HOF-5.1")
async def test_an_erasure_keeps_what_belongs_to_a_held_inquiry(archive: Archive) -> None:
    nothing = LegalBases(verification=LegalBasis.NONE, handoff=LegalBasis.NONE,
                         incident=LegalBasis.NONE)  # fmt: skip
    kept = archive.rules.retention.model_copy(update={"legal_basis": nothing})
    archive.rules = archive.rules.model_copy(update={"retention": kept})
    belonging(archive)
    archive.close_handoff("handoff-2", None, inquiry_id="inquiry-1")
    archive.holds.place_hold("hold-1", ["inquiry-1"], CLOSED)
    disposal = await archive.activities.erase(erasure(archive, ended=("handoff-2",)))
    assert disposal.gone == ()
    assert {part.case_id for part in disposal.kept} == {"inquiry-1", "handoff-2", *BELONG}
    assert {part.holds for part in disposal.kept} == {("hold-1",)}
    (still,) = PersonRecords(archive.database).open_cases("c-7")
    assert still == OpenCase("handoff-2", inquiry_id="inquiry-1")


async def test_an_inquiry_waits_for_the_handoff_and_the_incident_opened_from_it(
    archive: Archive,
) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_handoff("handoff-1", None, inquiry_id="inquiry-1")
    archive.close_inquiry("inquiry-2", CLOSED)
    archive.close_incident("incident-1", None, about="inquiry-2")
    run, _ = await archive.run(OVER)
    assert run.gone == {}
    archive.database.write(lambda c: c.execute(text("UPDATE handoffs SET closed_at = opened_at")))
    archive.database.write(lambda c: c.execute(text("UPDATE incidents SET closed_at = opened_at")))
    run, _ = await archive.run(OVER)
    assert run.gone["inquiry"] == 2


async def test_a_customer_stays_as_long_as_any_case_of_theirs(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_inquiry("inquiry-2", CLOSED + timedelta(days=1))
    run, _ = await archive.run(OVER)
    assert (run.gone["inquiry"], run.customers_gone) == (1, 0)
    assert archive.works(customer_owner("c-7"), RecordClass.INQUIRY)
    run, _ = await archive.run(OVER + timedelta(days=1))
    assert (run.gone["inquiry"], run.customers_gone) == (1, 1)


async def test_a_customer_whose_hold_came_last_keeps_their_record(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    order = DisposalOrder(certificate_id="retention-x", at=OVER, policy_version="1", items=())
    due = archive.records.due(DueQuestion(rules=archive.rules, at=OVER))
    await archive.activities.dispose(order.model_copy(update={"items": due.items}))
    archive.holds.place_hold("hold-1", [customer_owner("c-7")], OVER)
    run, _ = await archive.run(OVER)
    assert run.customers_gone == 0
    assert archive.counts()["customers"] == archive.counts()["identity_factors"] == 1
    assert archive.works(customer_owner("c-7"), RecordClass.INQUIRY)
    archive.holds.release_hold("hold-1", OVER)
    run, _ = await archive.run(OVER)
    assert run.customers_gone == 1


async def test_a_batch_that_is_repeated_says_the_same_and_does_nothing(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    due = archive.records.due(DueQuestion(rules=archive.rules, at=OVER))
    order = DisposalOrder(
        certificate_id="retention-x", at=OVER, policy_version="1", items=due.items
    )
    first = await archive.activities.dispose(order)
    before = archive.counts()
    assert await archive.activities.dispose(order) == first
    assert changed(archive, before) == {}


async def test_a_crash_after_the_keys_costs_nothing_the_repetition_does_the_rest(
    archive: Archive,
) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    due = archive.records.due(DueQuestion(rules=archive.rules, at=OVER))
    order = DisposalOrder(
        certificate_id="retention-x", at=OVER, policy_version="1", items=due.items
    )
    for item in due.items:
        archive.holds.destroy(
            item.case_id,
            (item.record_class,),
            customer_id="c-7",
            certificate_id="retention-x",
            at=OVER,
        )
    batch = await archive.activities.dispose(order)
    assert batch.counts["inquiry.keys"] == batch.counts["history.keys"] == 1
    assert batch.counts["inquiry.cases"] == 1


async def test_what_the_database_refuses_is_named_and_stops_no_other(archive: Archive) -> None:
    for number in range(3):
        archive.close_inquiry(f"inquiry-{number}", CLOSED + number * MOMENT)
    with refused_deletions(archive, "inquiry-1"):
        run, _ = await archive.run(OVER + timedelta(days=1))
    assert run.gone["inquiry"] == 2
    assert run.failures == {"refused": 1}
    (failed,) = run.failed
    assert (failed.case_id, failed.record_class) == ("inquiry-1", RecordClass.INQUIRY)
    assert [row["case_id"] for row in archive.rows(cases)] == ["inquiry-1"]
    run, _ = await archive.run(OVER + timedelta(days=2))
    assert (run.gone, run.failures) == ({"inquiry": 1}, {})


@pytest.mark.clause("HOF-5.1")
async def test_a_crash_between_the_parts_of_an_erasure_mixes_up_no_parts(archive: Archive) -> None:
    """The repetition finds fewer items than the first attempt; each has a name of its own."""
    for number in range(4):
        archive.close_inquiry(f"inquiry-{number}", CLOSED)
    with refused_deletions(archive, "inquiry-3"):
        with crash_after(archive, parts=3), pytest.raises(CrashError):
            await archive.activities.erase(erasure(archive))
        assert len(archive.rows(certificates)) == 3
        disposal = await archive.activities.erase(erasure(archive))
    assert [row["case_id"] for row in archive.rows(cases)] == ["inquiry-3"]
    gone = {(each.case_id, str(each.record_class)) for each in disposal.gone}
    expected = {(f"inquiry-{n}", which) for n in range(4) for which in ("history", "inquiry")}
    assert gone == expected - {("inquiry-3", "inquiry")}
    assert len(disposal.gone) == len(gone)
    refused = {each.case_id for each in disposal.kept if each.because is Because.REFUSED}
    assert refused == {"inquiry-3"}
    assert (disposal.counts["inquiry.cases"], disposal.customers_gone) == (3, 0)
    assert {row["certificate_id"] for row in archive.rows(certificates)} == {
        "erasure-1", *(f"erasure-1.{case_id}.{which}" for case_id, which in gone)
    }  # fmt: skip
    again = await archive.activities.erase(erasure(archive, number=2))
    assert {each.case_id for each in again.gone} == {"inquiry-3"}
    assert archive.counts()["cases"] == 0
    assert again.customers_gone == 1


@pytest.mark.clause("HOF-5.1")
async def test_what_is_refused_as_the_only_item_has_its_certificate(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    await archive.run(CLOSED + timedelta(days=99))
    with refused_deletions(archive, "inquiry-1"):
        disposal = await archive.activities.erase(erasure(archive))
    assert disposal.gone == ()
    assert Because.REFUSED in {each.because for each in disposal.kept}
    filed = {row["certificate_id"]: row["body"] for row in archive.rows(certificates)}
    assert Disposal.model_validate_json(filed["erasure-1"]) == disposal


class CrashError(Exception):
    """The process ends here."""


@contextmanager
def crash_after(archive: Archive, parts: int) -> Iterator[None]:
    """End the process when it has filed so many certificates, and is to file the next one."""
    filed = 0

    def watch(_: Any, __: Any, statement: str, *___: Any) -> None:
        nonlocal filed
        if statement.startswith("INSERT INTO certificates"):
            if filed == parts:
                raise CrashError
            filed += 1

    engine = archive.database.engine
    event.listen(engine, "before_cursor_execute", watch)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", watch)


class refused_deletions:  # noqa: N801 - used like a function
    """Let the database refuse to delete a case."""

    def __init__(self, archive: Archive, case_id: str) -> None:
        self.archive, self.case_id = archive, case_id
        self.sqlite = archive.database.engine.dialect.name == "sqlite"

    def __enter__(self) -> None:
        refuse = (
            f"CREATE TRIGGER refuse BEFORE DELETE ON cases WHEN OLD.case_id = '{self.case_id}'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        if not self.sqlite:
            self._do(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'refused'; END $$"
            )
            refuse = (
                "CREATE TRIGGER refuse BEFORE DELETE ON cases FOR EACH ROW"
                f" WHEN (OLD.case_id = '{self.case_id}') EXECUTE FUNCTION refuse()"
            )
        self._do(refuse)

    def __exit__(self, *_: object) -> None:
        self._do("DROP TRIGGER refuse" + ("" if self.sqlite else " ON cases"))
        if not self.sqlite:
            self._do("DROP FUNCTION refuse()")

    def _do(self, statement: str) -> None:
        self.archive.database.write(lambda connection: connection.exec_driver_sql(statement))


def erasure(archive: Archive, *, ended: tuple[str, ...] = (), number: int = 1) -> ErasureOrder:
    return ErasureOrder(
        certificate_id=f"erasure-{number}",
        customer_id="c-7",
        at=CLOSED + timedelta(days=100),
        rules=archive.rules,
        ended=ended,
    )


@pytest.mark.clause("HOF-5.1")
async def test_erasure_keeps_what_the_law_keeps_and_names_it(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_handoff("handoff-1", CLOSED)
    archive.close_inquiry("inquiry-2", CLOSED, customer="c-8")
    disposal = await archive.activities.erase(erasure(archive))
    assert {(gone.case_id, str(gone.record_class)) for gone in disposal.gone} == {
        ("inquiry-1", "history"),
        ("inquiry-1", "inquiry"),
        ("handoff-1", "history"),
    }
    kept = {(each.case_id, str(each.record_class)): each for each in disposal.kept}
    assert set(kept) == {
        ("inquiry-1", "verification"),
        ("inquiry-1", "incident"),
        ("handoff-1", "handoff"),
        ("handoff-1", "verification"),
        ("handoff-1", "incident"),
    }
    assert {each.because for each in kept.values()} == {Because.LEGAL_BASIS}
    proof = kept["handoff-1", "handoff"]
    assert (proof.basis, proof.until) == (
        LegalBasis.LEGAL_CLAIMS,
        CLOSED.replace(year=CLOSED.year + 3),
    )
    for each in CLASSES["inquiry"]:
        assert archive.works("inquiry-1", each) == (("inquiry-1", str(each)) in kept)
        assert archive.works("inquiry-2", each)
    # The handoff that is kept refers to the customer; of whom nothing is told any more.
    (own,) = [row for row in archive.rows(customers) if row["customer_id"] == "c-7"]
    assert (own["name"], own["email"], own["phone"]) == ("", "", "")
    assert not archive.works(customer_owner("c-7"), RecordClass.INQUIRY)
    assert disposal.customers_gone == 1
    (filed,) = archive.rows(certificates)
    assert (filed["kind"], Disposal.model_validate_json(filed["body"])) == ("erasure", disposal)
    assert await archive.activities.erase(erasure(archive)) == disposal
    # What the law kept goes when its time is over.
    await archive.run(LATER)
    assert not archive.works("inquiry-1", RecordClass.VERIFICATION)
    assert archive.counts()["verification_log"] == archive.counts()["handoffs"] == 0


@pytest.mark.clause("HOF-5.1")
async def test_without_a_legal_basis_everything_of_a_customer_is_erased(archive: Archive) -> None:
    nothing = LegalBases(verification=LegalBasis.NONE, handoff=LegalBasis.NONE,
                         incident=LegalBasis.NONE)  # fmt: skip
    kept = archive.rules.retention.model_copy(update={"legal_basis": nothing})
    archive.rules = archive.rules.model_copy(update={"retention": kept})
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_handoff("handoff-1", CLOSED)
    archive.close_incident("incident-1", CLOSED, about="inquiry-1")
    disposal = await archive.activities.erase(erasure(archive))
    assert disposal.kept == ()
    assert {name: count for name, count in archive.counts().items() if count} == {}
    said = json.dumps([row["body"] for row in archive.rows(certificates)])
    assert "c-7" not in said
    assert "Ada" not in said
    everything = [archive.rows(table) for table in (disposals, disposed_cases, journal_entries)]
    assert "c-7" not in str(everything)


@pytest.mark.clause("HOF-5.1")
async def test_a_hold_keeps_a_customers_record_from_erasure_too(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    archive.close_inquiry("inquiry-2", CLOSED)
    archive.holds.place_hold("hold-1", ["inquiry-2"], CLOSED)
    disposal = await archive.activities.erase(erasure(archive))
    held = {each.case_id for each in disposal.kept if each.because is Because.HOLD}
    assert held == {"inquiry-2"}
    assert {gone.case_id for gone in disposal.gone} == {"inquiry-1"}
    assert archive.counts()["customers"] == 1
    assert archive.works(customer_owner("c-7"), RecordClass.INQUIRY)
    assert [row["name"] for row in archive.rows(customers)] == ["Ada Byron"]


async def test_an_open_case_is_kept_unless_it_was_ended_for_the_erasure(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", None)
    disposal = await archive.activities.erase(erasure(archive))
    assert {each.because for each in disposal.kept} == {Because.OPEN}
    assert disposal.gone == ()
    disposal = await archive.activities.erase(erasure(archive, ended=("inquiry-1",), number=2))
    assert {str(gone.record_class) for gone in disposal.gone} == {"history", "inquiry"}
    assert archive.counts()["cases"] == 0


async def test_what_waits_for_an_open_incident_is_kept_though_its_history_has_gone(
    archive: Archive,
) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    await archive.run(CLOSED + timedelta(days=99))
    archive.close_incident("incident-1", None, about="inquiry-1")
    disposal = await archive.activities.erase(erasure(archive))
    assert disposal.gone == ()
    assert {(k.case_id, str(k.record_class), str(k.because)) for k in disposal.kept} == {
        ("incident-1", "history", "open"),
        ("incident-1", "incident", "open"),
        ("inquiry-1", "inquiry", "open"),
        ("inquiry-1", "verification", "open"),
        ("inquiry-1", "incident", "open"),
    }


@pytest.mark.clause("HOF-5.1")
async def test_a_handoff_that_was_ended_does_not_keep_its_inquiry(archive: Archive) -> None:
    """Neither in the erasure that terminates it, nor later, when its row still reads open."""
    archive.close_handoff("handoff-1", None, inquiry_id="inquiry-1")
    archive.close_inquiry("inquiry-1", None)
    archive.close_inquiry("inquiry-2", CLOSED)
    archive.close_handoff("handoff-2", None, inquiry_id="inquiry-2")
    archive.close_incident("incident-2", None, about="inquiry-2")
    ended = ("handoff-1", "inquiry-1", "handoff-2")
    disposal = await archive.activities.erase(erasure(archive, ended=ended))
    assert {each.case_id for each in disposal.gone} == {"inquiry-1", "handoff-1", "handoff-2"}
    waiting = {each.case_id for each in disposal.kept if each.because is Because.OPEN}
    assert waiting == {"inquiry-2", "incident-2"}
    archive.database.write(lambda c: c.execute(text("UPDATE incidents SET closed_at = opened_at")))
    assert PersonRecords(archive.database).open_cases("c-7") == ()
    disposal = await archive.activities.erase(erasure(archive, number=2))
    assert Because.OPEN not in {each.because for each in disposal.kept}
    assert not archive.works("inquiry-2", RecordClass.INQUIRY)


async def test_the_key_of_a_request_stays_used_when_its_case_has_gone(archive: Archive) -> None:
    archive.close_inquiry("inquiry-1", CLOSED)
    reads = CrmReads(archive.database)
    assert reads.find_case_digest("inquiry-1") == "d1"
    await archive.run(OVER)
    assert reads.find_case_digest("inquiry-1") not in {None, "d1"}
    assert reads.find_case_digest("inquiry-unknown") is None


async def test_a_run_without_anything_due_leaves_its_certificate(archive: Archive) -> None:
    run, batches = await archive.run(CLOSED)
    assert batches == []
    (filed,) = archive.rows(certificates)
    assert (filed["certificate_id"], filed["kind"]) == (run.certificate_id, "retention_run")
    await archive.activities.file_run(run)
    assert len(archive.rows(certificates)) == 1
