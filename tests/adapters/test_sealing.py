"""What the CRM holds of people is sealed where it lies, and opens only where it belongs."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import JSON, URL, Column, String, Table, func, select, text, update

from activities.ports import CrmUnavailableError
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.exports import SealedExports
from adapters.key_disposal import KeyDisposal
from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring, open_keyring
from adapters.privacy_tables import privacy_exports
from adapters.schema import metadata
from adapters.sealed import Ownership, is_sealed, ownership
from adapters.sealing import NoKeyringError, RecordRefusedError, is_plain
from adapters.tables import PlainText, cases, customers, journal_entries, outbox
from runtime.redaction import ALLOWED_KEYS
from sop.erased import ERASED, ERASED_PARTICULARS
from sop.keys import RecordClass, customer_owner
from sop.outgoing import Outgoing
from tests.adapters import records
from tests.adapters.records import CUSTOMER, INQUIRY, MARK
from tests.batches import MONDAY, case, entry, flush, incident_report, message, opened
from tests.databases import watch
from tests.keyrings import a_keyring, erase

OTHER = "inquiry-00000002"

PLAIN = {
    "ids of cases, people, parties, messages, keys": (
        "*.case_id *.customer_id *.stream *.entry_id *.principal *.recipient *.message_id *.task_id"
        " *.assignee *.holder *.opened_by *.done_by *.closed_by *.responsible *.representative"
        " *.decided_by *.sender *.receiving_party *.offered_to *.acknowledged_by *.custody *.party"
        " *.added_by *.reported_by *.recorded_by *.duplicate_of *.inquiry_id *.handoff_id"
        " *.incident_id *.duty_id *.verification_id *.confirmation_id *.report_id *.attempt_id"
        " *.certificate_id *.key_id *.purged_by *.owner *.about api_keys.prefix"
        " api_keys.last_four"
    ),
    "enumerations, and names that the policy gives": (
        "*.kind *.stage *.channel *.category *.priority *.verification *.follow_up_outcome"
        " *.closed_as *.role *.rung *.clause *.clauses *.topic *.identity_level *.level *.carrier"
        " *.courier_status *.answer *.retention_class *.record_class *.manager *.form *.course"
        " verification_log.reason *.policy_version duties.outcome handoff_confirmations.outcome"
        " verification_log.outcome identity_attempts.forms *.via *.action access_log.outcome"
    ),
    "the software's own words about the next moment": "*.next_deadline_what",
    "a moment as the desk reads it": "*.received_local",
    "hashes, keyed or of what holds no words of people, and what is made of hashes": (
        "identity_factors.digest api_keys.secret_sha256 *.fingerprint *.salt *.commitment *.hash"
        " checkpoints.root checkpoints.frontier checkpoints.note certificates.digest"
    ),
    "counts and reasons of a purge; no words of people": "certificates.body",
    "privacy requests, which hold ids, codes and counts only": (
        "*.request_id *.law *.hold_reason *.extension_reason *.refusal *.told_by *.verified_by"
        " *.approved_by *.released_by privacy_requests.cases privacy_requests.counts"
        " privacy_requests.withheld privacy_requests.remaining privacy_requests.certificates"
        " privacy_requests.request_digest"
    ),
}
"""Columns of text that are not sealed, with the reason: `table.column`, or a name in all tables."""


@dataclass(frozen=True)
class Store:
    """A CRM with a key store of its own, both open."""

    database: Database
    keyring: SqlKeyring

    def erase(self, *owners: str) -> None:
        """Destroy the keys of some owners, or of all."""
        erase(self.keyring, *owners)


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[SqlKeyring]:
    with closing(a_keyring(tmp_path)) as keyring:
        yield keyring


@pytest.fixture
def store(database_url: URL, keyring: SqlKeyring) -> Iterator[Store]:
    with closing(Database(database_url, keyring=keyring)) as database:
        yield Store(database, keyring)


def stored(database: Database) -> dict[Column[Any], list[Any]]:
    """Return what lies in each sealed column."""
    found = {}
    for table in metadata.sorted_tables:
        for column in filter(is_sealed, table.columns):
            found[column] = _values(database, column)
    return found


def _values(database: Database, column: Column[Any]) -> list[Any]:
    return database.read(lambda connection: list(connection.execute(select(column)).scalars()))


def test_every_column_of_text_is_sealed_or_says_why_not() -> None:
    known = {name for names in PLAIN.values() for name in names.split()}
    met = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, String | PlainText | JSON):
                names = {f"*.{column.name}", f"{table.name}.{column.name}"}
                assert is_sealed(column) != bool(names & known), f"{table.name}.{column.name}"
                met |= names & known
    assert met == known, "the list names what there is not"


def test_whoever_has_sealed_columns_says_whose_they_are() -> None:
    for table in metadata.sorted_tables:
        if any(map(is_sealed, table.columns)):
            assert isinstance(ownership(table), Ownership)


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
def test_each_field_lies_sealed_in_the_database_and_opens_again(store: Store) -> None:
    records.write(store.database)
    for column, values in stored(store.database).items():
        there = [value for value in values if value]
        assert there, f"no record fills {column}: nothing is shown about it"
        assert not any(map(is_plain, there)), column
        assert MARK.casefold() not in json.dumps(there).casefold(), column
    for record in records.shown(store.database):
        assert "s1:" not in record.model_dump_json()
    found = CrmReads(store.database).case(INQUIRY)
    assert found is not None
    assert (found.customer, found.text) == (CUSTOMER, f"{MARK} text")
    assert (found.resolution, found.feedback) == (f"{MARK} resolution", f"{MARK} feedback")
    said = [line.detail for line in CrmReads(store.database).timeline(INQUIRY)]
    assert said == [{"text": f"{MARK} said"}, {"n": [MARK]}]


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
def test_no_byte_of_the_files_is_of_a_person(copied_sqlite: URL, keyring: SqlKeyring) -> None:
    with closing(Database(copied_sqlite, keyring=keyring)) as database:
        records.write(database)
        path = Path(str(copied_sqlite.database))
        content = b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))
    assert INQUIRY.encode() in content, "the scan sees nothing"
    assert MARK.casefold().encode() not in content.lower()
    assert MARK.encode().hex().encode() not in content.lower()


@pytest.mark.clause("INQ-7.2")
def test_the_same_text_is_never_stored_the_same(store: Store) -> None:
    crm = SqlCrm(store.database)
    for case_id in (INQUIRY, OTHER):
        crm.flush(opened(case_id))
    texts = stored(store.database)[cases.c.text]
    assert len(set(texts)) == 2


SWAPPED = (
    (
        journal_entries,
        "detail",
        {"stream": INQUIRY, "seq": 1},
        "detail",
        {"stream": INQUIRY, "seq": 2},
    ),
    (cases, "text", {"case_id": INQUIRY}, "subject", {"case_id": INQUIRY}),
    (cases, "text", {"case_id": INQUIRY}, "text", {"case_id": OTHER}),
    (outbox, "body", {"case_id": INQUIRY}, "body", {"case_id": OTHER}),
)


def _set(database: Database, table: Table, where: dict[str, Any], **values: Any) -> None:
    """Write into a row as an intruder does, whom no trigger stops."""

    def write(connection: Any) -> None:
        if table is journal_entries:
            _unguard(connection)
        matching = [table.c[name] == value for name, value in where.items()]
        connection.execute(update(table).where(*matching).values(**values))

    database.write(write)


def _get(database: Database, table: Table, name: str, where: dict[str, Any]) -> Any:
    matching = [table.c[key] == value for key, value in where.items()]
    query = select(table.c[name]).where(*matching).limit(1)
    return database.read(lambda connection: connection.execute(query).scalar_one())


def _unguard(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        query = text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        for name, table in connection.execute(query).all():
            if table == "journal_entries":
                connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def _read_all(database: Database) -> None:
    reads = CrmReads(database)
    for case_id in (INQUIRY, OTHER):
        reads.case(case_id)
        reads.timeline(case_id)
        reads.outbox(case_id=case_id)


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
@pytest.mark.parametrize(
    ("table", "name", "source", "target", "where"), SWAPPED,
    ids=["another entry", "another column", "another case", "another case's message"],
)  # fmt: skip
def test_a_value_that_was_moved_is_refused_with_an_alarm(
    store: Store, table: Table, name: str, source: dict[str, Any], target: str,
    where: dict[str, Any],
) -> None:  # fmt: skip
    for case_id in (INQUIRY, OTHER):
        SqlCrm(store.database).flush(records.inquiry(case_id))
    _read_all(store.database)
    moved = _get(store.database, table, name, source)
    _set(store.database, table, where, **{target: moved})
    with structlog.testing.capture_logs() as lines, pytest.raises(RecordRefusedError) as error:
        _read_all(store.database)
    assert [(line["event"], line["reason_code"]) for line in lines] == [
        ("record.refused", "RecordTampered")
    ]
    assert set().union(*lines) <= ALLOWED_KEYS | {"log_level"}
    assert moved not in str(error.value)
    assert isinstance(error.value, CrmUnavailableError)


@pytest.mark.clause("INQ-7.2")
def test_a_row_that_is_given_to_another_case_is_refused(store: Store) -> None:
    for case_id in (INQUIRY, OTHER):
        SqlCrm(store.database).flush(records.inquiry(case_id))
    _set(store.database, outbox, {"message_id": f"{INQUIRY}/m"}, case_id=OTHER)
    with pytest.raises(RecordRefusedError):
        CrmReads(store.database).outbox(case_id=OTHER)


@pytest.mark.clause("INQ-7.2")
def test_what_is_not_sealed_is_refused(store: Store) -> None:
    SqlCrm(store.database).flush(records.inquiry())
    _set(store.database, outbox, {"case_id": INQUIRY}, body="Pay to this account.")
    with structlog.testing.capture_logs() as lines, pytest.raises(RecordRefusedError):
        CrmReads(store.database).outbox()
    assert [line["reason_code"] for line in lines] == ["RecordNotSealed"]


def test_a_bit_that_fell_over_is_refused(store: Store) -> None:
    SqlCrm(store.database).flush(records.inquiry())
    sealed = _get(store.database, cases, "text", {"case_id": INQUIRY})
    other = "A" if sealed[-5] != "A" else "B"
    _set(store.database, cases, {"case_id": INQUIRY}, text=f"{sealed[:-5]}{other}{sealed[-4:]}")
    with pytest.raises(RecordRefusedError):
        CrmReads(store.database).case(INQUIRY)


def test_a_record_of_another_key_store_is_refused_and_not_taken_for_erased(
    store: Store, database_url: URL, tmp_path: Path
) -> None:
    SqlCrm(store.database).flush(records.inquiry())
    (tmp_path / "other").mkdir()
    with (
        closing(a_keyring(tmp_path / "other")) as other,
        closing(Database(database_url, keyring=other)) as database,
        structlog.testing.capture_logs() as lines,
        pytest.raises(RecordRefusedError),
    ):
        CrmReads(database).case(INQUIRY)
    assert [line["reason_code"] for line in lines] == ["KeyUnknown"]


@pytest.mark.clause("INQ-7.1", "HOF-7.1")
def test_a_record_whose_keys_were_destroyed_shows_as_erased_everywhere(store: Store) -> None:
    records.write(store.database)
    alive = records.shown(store.database)
    store.erase()
    erased = records.shown(store.database)
    assert len(erased) == len(alive)
    for before, after in zip(alive, erased, strict=True):
        held, shows = before.model_dump_json(), after.model_dump_json()
        assert MARK.casefold() not in shows.casefold()
        assert (ERASED in shows) == (MARK.casefold() in held.casefold())
    lines = CrmReads(store.database).timeline(INQUIRY)
    assert [line.detail for line in lines] == [ERASED_PARTICULARS, ERASED_PARTICULARS]
    assert [line.kind for line in lines] == ["note.added", "note.added"]


@pytest.mark.clause("INQ-7.1")
def test_one_class_of_a_case_is_erased_and_the_others_stay(store: Store) -> None:
    records.write(store.database)
    gone = update(data_keys).where(
        data_keys.c.owner == INQUIRY, data_keys.c.record_class == str(RecordClass.INQUIRY)
    )
    keys = store.keyring._database
    keys.write(lambda connection: connection.execute(gone.values(wrapped=None)))
    store.keyring.forget([INQUIRY])
    shown = {type(record).__name__: record for record in records.shown(store.database)}
    assert ERASED in shown["CaseDetail"].model_dump_json()
    assert ERASED not in shown["IncidentReport"].model_dump_json()
    assert ERASED not in shown["HandoffConfirmation"].model_dump_json()


@pytest.mark.clause("INQ-7.1")
def test_what_comes_after_the_key_was_destroyed_is_not_kept(store: Store) -> None:
    crm = SqlCrm(store.database)
    crm.flush(records.inquiry())
    store.erase(INQUIRY, customer_owner(CUSTOMER.customer_id))
    late = records.inquiry(at=60)
    entries = (entry(3, detail={"text": f"{MARK} said late"}),)
    told = Outgoing(entries=entries, messages=(message("late", INQUIRY, body=f"{MARK} late"),))
    receipt = crm.flush(late.model_copy(update={"outgoing": told, "case": case(3, INQUIRY)}))
    assert receipt.written == 1
    assert "s1:erased" in stored(store.database)[outbox.c.body]
    reads = CrmReads(store.database)
    assert [line.detail for line in reads.timeline(INQUIRY)] == [ERASED_PARTICULARS] * 3
    assert {sent.body for sent in reads.outbox()} == {ERASED}


def test_a_record_whose_key_was_altered_is_refused_and_not_taken_for_unknown(
    store: Store,
) -> None:
    SqlCrm(store.database).flush(records.inquiry())
    altered = update(data_keys).where(data_keys.c.owner == INQUIRY).values(wrapped="QUJD")
    store.keyring._database.write(lambda connection: connection.execute(altered))
    store.keyring.forget([INQUIRY])
    with pytest.raises(RecordRefusedError, match="KeyTampered"):
        CrmReads(store.database).case(INQUIRY)


@pytest.mark.clause("HOF-5.1")
@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        (data_keys, {"wrapped": "QUJD"}, "KeyTampered"),
        (privacy_exports, {"document": b"x" * 100}, "RecordTampered"),
        (privacy_exports, {"key_id": "0" * 32}, "KeyUnknown"),
    ],
)
def test_an_export_that_was_altered_is_refused(
    store: Store, table: Table, change: dict[str, Any], reason: str
) -> None:
    exports = SealedExports(store.database, store.keyring)
    exports.keep("privacy-1", b"everything", MONDAY)
    place = store.keyring._database if table is data_keys else store.database
    place.write(lambda connection: connection.execute(update(table).values(change)))
    store.keyring.forget(["privacy-1"])
    with pytest.raises(RecordRefusedError, match=reason):
        exports.fetch("privacy-1")


@pytest.mark.clause("INQ-7.1", "HOF-5.1")
def test_a_customer_who_comes_back_after_an_erasure_is_served_by_every_worker(
    store: Store, database_url: URL, tmp_path: Path
) -> None:
    """Another worker destroyed the key that this one still has at hand."""
    whose, store_of_keys = CUSTOMER.customer_id, f"sqlite:///{tmp_path / 'keys.db'}"
    SqlCrm(store.database).flush(records.inquiry())
    with (
        closing(open_keyring(store_of_keys, f"local:{tmp_path / 'kek.json'}")) as elsewhere,
        closing(Database(database_url, keyring=elsewhere)) as seen_elsewhere,
    ):
        assert KeyDisposal(elsewhere._database, elsewhere).destroy_customer(whose)
        assert store.keyring.known(customer_owner(whose), RecordClass.INQUIRY) is not None
        SqlCrm(store.database).flush(_of_customer(OTHER, CUSTOMER))
        for database in (store.database, seen_elsewhere):
            found = CrmReads(database).case(OTHER)
            assert found is not None
            assert found.customer == CUSTOMER


def test_the_customers_key_is_asked_for_once_at_each_opening(store: Store) -> None:
    """Also of a customer whom this worker knows: what it has at hand may be destroyed."""
    crm = SqlCrm(store.database)
    for case_id in (INQUIRY, OTHER):
        store.keyring.obtain(case_id, (RecordClass.HISTORY,))
        with watch(store.keyring._database) as asked:
            crm.flush(opened(case_id))
        assert len(asked.statements) == 1


def test_a_key_store_that_is_away_holds_a_flush_up_and_nothing_is_written(
    database_url: URL, tmp_path: Path
) -> None:
    with (
        closing(_away(tmp_path)) as away,
        closing(Database(database_url, keyring=away)) as database,
    ):
        with pytest.raises(CrmUnavailableError):
            SqlCrm(database).flush(records.inquiry())
        count = select(func.count()).select_from(cases)
        assert database.read(lambda connection: connection.execute(count).scalar_one()) == 0


def test_a_key_store_that_is_away_makes_a_read_an_outage(
    store: Store, database_url: URL, tmp_path: Path
) -> None:
    SqlCrm(store.database).flush(records.inquiry())
    with (
        closing(_away(tmp_path)) as away,
        closing(Database(database_url, keyring=away)) as database,
    ):
        with pytest.raises(CrmUnavailableError) as error:
            CrmReads(database).case(INQUIRY)
        assert not isinstance(error.value, RecordRefusedError)


def test_a_database_without_a_keyring_refuses_to_write_in_the_clear(database_url: URL) -> None:
    with closing(Database(database_url)) as database:
        with pytest.raises(NoKeyringError):
            SqlCrm(database).flush(records.inquiry())
        assert CrmReads(database).case(INQUIRY) is None


def test_sealing_costs_a_flush_one_statement_at_most_and_mostly_none(store: Store) -> None:
    """The codec has obtained the case's keys before the case flushes for the first time."""
    crm, keys = SqlCrm(store.database), store.keyring
    keys.obtain(INQUIRY, (RecordClass.HISTORY,))
    steps = (
        (opened(INQUIRY), 1),  # the customer's key, of whom nobody knew
        (flush(entry(2), case_id=INQUIRY), 0),
        (flush(entry(3), case_id=INQUIRY, reports=(incident_report("r", INQUIRY),)), 1),
        (flush(entry(4), case_id=INQUIRY, reports=(incident_report("s", INQUIRY),)), 0),
    )
    for batch, statements in steps:
        with watch(keys._database) as asked:
            crm.flush(batch)
        assert len(asked.statements) == statements
    with watch(keys._database) as asked:
        CrmReads(store.database).timeline(INQUIRY)
    assert asked.statements == []


def test_a_page_of_many_cases_asks_for_all_their_keys_at_once(store: Store) -> None:
    crm = SqlCrm(store.database)
    for number in range(5):
        crm.flush(opened(f"inquiry-0000001{number}"))
    store.keyring.forget(f"inquiry-0000001{number}" for number in range(5))
    with watch(store.keyring._database) as asked:
        store.database.rows(select(cases))
    assert len(asked.statements) == 1


def test_an_empty_contact_leaves_the_sealed_one(store: Store) -> None:
    crm = SqlCrm(store.database)
    crm.flush(records.inquiry())
    crm.flush(records.handoff())
    bare = CUSTOMER.model_copy(update={"email": "", "phone": ""})
    crm.flush(_of_customer(OTHER, bare))
    (customer,) = store.database.rows(select(customers))
    assert (customer["email"], customer["phone"]) == (CUSTOMER.email, CUSTOMER.phone)


def _of_customer(case_id: str, customer: Any) -> Any:
    batch = records.inquiry(case_id)
    told = batch.outgoing.opening
    assert told is not None
    opening = told.model_copy(update={"customer": customer})
    outgoing = batch.outgoing.model_copy(update={"opening": opening})
    return batch.model_copy(update={"outgoing": outgoing})


def _away(directory: Path) -> SqlKeyring:
    """Return the keyring of a store that does not answer."""
    return open_keyring("sqlite:////nowhere/at/all/keys.db", f"local:{directory / 'away.json'}")
