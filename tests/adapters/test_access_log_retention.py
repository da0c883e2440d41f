"""Entries of the access log go when their time is over, under a certificate, and not before."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import URL, Connection, delete, insert

from activities.key_ports import KeysUnavailableError
from adapters.access_tables import access_log, access_log_purges
from adapters.certificate_reads import CertificateReads
from adapters.database import Database, Limits, StatementRefusedError
from adapters.journal_verify import Kept, verify
from adapters.key_disposal import KeyDisposal
from adapters.privacy_tables import privacy_requests
from sop.disposal import AccessLogDisposal, AccessLogOrder, EntryCursor, RetentionRun
from sop.keys import customer_owner
from tests.disposals import Archive, an_archive

WRITTEN = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
OVER = datetime(2030, 3, 15, 9, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
LATER = datetime(2040, 1, 1, tzinfo=UTC)
INTERLEAVINGS = 40


@pytest.fixture
def archive(database_url: URL, tmp_path: Path) -> Iterator[Archive]:
    with an_archive(database_url, tmp_path) as archive:
        yield archive


def order(archive: Archive, at: datetime = OVER, limit: int = 1000) -> AccessLogOrder:
    return AccessLogOrder(certificate_id="retention-x", at=at, rules=archive.rules, limit=limit)


@pytest.mark.clause("INQ-7.1", "INQ-7.2")
async def test_an_entry_goes_after_three_years_and_leaves_a_certificate_that_counts_it(
    archive: Archive,
) -> None:
    archive.look("inquiry-1", WRITTEN)
    kept = archive.look("inquiry-1", WRITTEN + MOMENT)
    early, _ = await archive.run(OVER - MOMENT)
    assert early.counts == {}
    assert len(archive.seen()) == 2
    run, _ = await archive.run(OVER)
    assert (run.counts, run.gone, run.failures) == ({"access_log.entries": 1}, {}, {})
    assert archive.seen() == {kept}
    filed = CertificateReads(archive.database).certificate("retention-2.access-log.1")
    assert filed is not None
    said = AccessLogDisposal.model_validate_json(filed.body)
    assert (said.entries, said.through, said.policy_version) == (1, WRITTEN, "2026.1")
    whole = CertificateReads(archive.database).certificate("retention-2")
    assert whole is not None
    assert RetentionRun.model_validate_json(whole.body).counts == run.counts
    assert verify(archive.database, Kept()).findings == []


async def test_the_policy_in_force_says_how_long(archive: Archive) -> None:
    archive.look("inquiry-1", WRITTEN)
    longer = archive.rules.retention.model_copy(update={"access_log": 48})
    archive.rules = archive.rules.model_copy(update={"retention": longer})
    await archive.run(OVER.replace(year=2031) - MOMENT)
    assert len(archive.seen()) == 1
    await archive.run(OVER.replace(year=2031))
    assert archive.seen() == set()


@pytest.mark.clause("HOF-5.1")
@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("inquiry-1", {"inquiry-1", "handoff-1", "incident-1"}),
        ("handoff-1", {"handoff-1", "incident-1"}),
        (customer_owner("c-7"), {"inquiry-1", "handoff-1", "incident-1", "privacy-1"}),
    ],
)
async def test_a_hold_keeps_the_entries_of_what_it_reaches_until_it_is_released(
    archive: Archive, scope: str, reached: set[str]
) -> None:
    archive.close_inquiry("inquiry-1", None)
    archive.close_handoff("handoff-1", None, inquiry_id="inquiry-1")
    archive.close_incident("incident-1", None, about="handoff-1")
    archive.close_inquiry("inquiry-2", None, customer="c-8")
    request(archive, "privacy-1")
    owners = ["inquiry-1", "handoff-1", "incident-1", "privacy-1", "inquiry-2", "handrail", None]
    for owner in owners:
        archive.look(owner, WRITTEN)
    archive.holds.place_hold("hold-1", [scope], LATER)
    run, _ = await archive.run(OVER)
    assert {row["owner"] for row in archive.rows(access_log)} == reached
    assert run.entries_held == {"hold-1": len(reached)}
    assert run.counts == {"access_log.entries": len(owners) - len(reached)}
    archive.holds.release_hold("hold-1", LATER)
    run, _ = await archive.run(OVER)
    assert (archive.seen(), run.entries_held) == (set(), {})


def request(archive: Archive, name: str) -> None:
    """Write a privacy request of c-7: what of it must be there, and its customer."""
    texts = ("kind", "law", "channel", "stage", "opened_by", "received_local", "policy_version")
    row = dict.fromkeys((*texts, "request_digest"), "x") | {
        "request_id": name, "customer_id": "c-7", "version": 1, "escalation_level": 0,
        "updated_at": WRITTEN, "opened_at": WRITTEN, "received_at": WRITTEN, "cases": [],
        "counts": {}, "withheld": {}, "remaining": [], "certificates": [],
    }  # fmt: skip
    archive.database.write(lambda connection: connection.execute(insert(privacy_requests), row))


@pytest.mark.clause("HOF-5.1")
@pytest.mark.parametrize("scope", ["inquiry-1", customer_owner("c-7")])
async def test_a_hold_reaches_the_entries_of_a_case_of_which_little_is_left(
    archive: Archive, scope: str
) -> None:
    archive.close_inquiry("inquiry-1", WRITTEN)
    archive.close_handoff("handoff-1", WRITTEN, inquiry_id="inquiry-1")
    await archive.run(OVER)
    assert archive.counts()["cases"] == archive.counts()["handoffs"] == 0
    archive.look("inquiry-1", WRITTEN)
    archive.look("handoff-1", WRITTEN)
    archive.holds.place_hold("hold-1", [scope], OVER)
    run, _ = await archive.run(OVER)
    assert run.entries_held == {"hold-1": 2}
    assert len(archive.seen()) == 2


async def test_entries_go_in_batches_past_those_that_are_held(archive: Archive) -> None:
    names = [f"inquiry-{number}" for number in range(5)]
    for name in names:
        archive.look(name, WRITTEN, entry_id=name)
    archive.holds.place_hold("hold-1", [names[0], names[1], names[3]], OVER)
    run = RetentionRun(certificate_id="retention-1", policy_version="1", began_at=OVER)
    run = archive.purge(run, OVER, limit=2)
    assert archive.seen() == {names[0], names[1], names[3]}
    assert run.counts == {"access_log.entries": 2}
    assert run.entries_held == {"hold-1": 3}
    reads = CertificateReads(archive.database)
    filed = {each.certificate_id for each in reads.certificates(parts=True)}
    assert filed == {"retention-1.access-log.2", "retention-1.access-log.3"}
    assert reads.certificates() == ()


def test_a_batch_that_is_repeated_says_the_same_and_does_nothing(archive: Archive) -> None:
    for number in range(3):
        archive.look("inquiry-1", WRITTEN, entry_id=f"{number}")
    first = archive.activities.dispose_of_entries(order(archive, limit=2))
    assert (first.entries, first.behind) == (2, EntryCursor(at=WRITTEN, entry_id="1"))
    assert archive.activities.dispose_of_entries(order(archive, limit=2)) == first
    assert archive.seen() == {"2"}


async def test_what_the_database_refuses_is_told_and_the_run_goes_on(archive: Archive) -> None:
    archive.look("inquiry-1", WRITTEN)
    archive.close_inquiry("inquiry-2", WRITTEN)
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON access_log_purges"
    undo = ["DROP TRIGGER refuse ON access_log_purges", "DROP FUNCTION refuse()"]
    if archive.database.engine.dialect.name == "sqlite":
        do(archive, f"{refuse} BEGIN SELECT RAISE(ABORT, 'refused'); END")
        undo = ["DROP TRIGGER refuse"]
    else:
        do(archive, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
           " $$ BEGIN RAISE EXCEPTION 'refused'; END $$")  # fmt: skip
        do(archive, f"{refuse} FOR EACH ROW EXECUTE FUNCTION refuse()")
    run, _ = await archive.run(OVER)
    assert (run.failures, len(archive.seen())) == ({"refused": 1}, 1)
    assert run.gone["inquiry"] == 1
    for statement in undo:
        do(archive, statement)
    run, _ = await archive.run(OVER)
    assert (run.failures, run.counts) == ({}, {"access_log.entries": 1})


def do(archive: Archive, statement: str) -> None:
    archive.database.write(lambda connection: connection.exec_driver_sql(statement))


@pytest.mark.clause("HOF-7.1")
def test_a_certificate_lets_go_of_nothing_that_is_newer(archive: Archive) -> None:
    archive.look("inquiry-1", WRITTEN)
    newer = archive.look("inquiry-1", WRITTEN + MOMENT)
    archive.activities.dispose_of_entries(order(archive))
    with pytest.raises(StatementRefusedError):
        archive.database.write(partial(Connection.execute, statement=delete(access_log)))
    assert archive.seen() == {newer}
    assert [row["through"] for row in archive.rows(access_log_purges)] == [WRITTEN]


def test_nobody_places_a_hold_while_it_is_asked_which_there_are(archive: Archive) -> None:
    impatient = Limits(wait=timedelta(milliseconds=100))
    with closing(Database(archive.keys.engine.url, impatient)) as store:
        other = KeyDisposal(store, archive.keyring)
        with archive.holds.standing() as standing:
            assert standing == {}
            with pytest.raises(KeysUnavailableError):
                other.place_hold("hold-1", ["inquiry-1"], OVER)
        other.place_hold("hold-1", ["inquiry-1", "inquiry-2"], OVER)
        other.place_hold("hold-2", ["inquiry-1"], OVER)
    with archive.holds.standing() as standing:
        assert standing == {"inquiry-1": ("hold-1", "hold-2"), "inquiry-2": ("hold-1",)}


@pytest.mark.timeout(300)
@pytest.mark.clause("HOF-5.1")
def test_from_the_moment_in_which_a_hold_is_placed_no_entry_goes(archive: Archive) -> None:
    """Both begin at once; whoever is first, what is there after the hold is there for good."""
    stayed = 0
    with ThreadPoolExecutor(2) as threads:
        for number in range(INTERLEAVINGS):
            name = f"inquiry-{number}"
            archive.look(name, WRITTEN, entry_id=name)
            wanted = order(archive).model_copy(update={"certificate_id": f"retention-{number}"})
            together = Barrier(2)

            def purge(wanted: AccessLogOrder = wanted, together: Barrier = together) -> None:
                together.wait()
                archive.activities.dispose_of_entries(wanted)

            def hold(name: str = name, together: Barrier = together) -> bool:
                together.wait()
                archive.holds.place_hold(f"hold-{name}", [name], OVER)
                return name in archive.seen()

            parts: list[Callable[[], bool | None]] = [purge, hold]
            begun = [threads.submit(part) for part in parts[:: 1 if number % 2 else -1]]
            was_there = any(each.result(timeout=60) for each in begun)
            assert (name in archive.seen()) is was_there
            stayed += was_there
    assert len(archive.seen()) == stayed
