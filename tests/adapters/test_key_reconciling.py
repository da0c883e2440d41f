"""A restored key store: what was destroyed since is destroyed again, and the holds stand again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, delete, insert, select, update

from activities.key_ports import KeyErasedError
from adapters import key_reconciling
from adapters.certificate_reads import CertificateReads
from adapters.crm import SqlCrm
from adapters.exports import SealedExports
from adapters.key_reconciling import KeyReconciling, Reconciled
from adapters.key_tables import data_keys, legal_holds
from adapters.keyring import SqlKeyring
from adapters.local_wrapper import LocalWrapper
from adapters.privacy_tables import privacy_exports
from adapters.proof_tables import certificates
from adapters.tables import cases, customers
from sop.disposal import ErasureOrder
from sop.keys import RecordClass, customer_owner
from sop.models import Channel
from sop.outgoing import FlushBatch, Outgoing
from sop.privacy.models import Law, PrivacyRow, PrivacyStage, RequestKind
from tests import batches
from tests.adapters.tampering import unguard_sqlite
from tests.databases import unguarded
from tests.disposals import Archive, an_archive

pytestmark = pytest.mark.clause("HOF-5.1", "INQ-7.1")

CLOSED = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
OVER = datetime(2028, 3, 15, 9, 0, tzinfo=UTC)
LATER = OVER + timedelta(days=1)
HOLD = "privacy-5f0c2a9b71d3e84c5f0c"
EXPORT = "privacy-0123456789abcdef0123"


@dataclass
class House:
    """An archive, backups of its key store, and what reconciles the two."""

    archive: Archive

    @contextmanager
    def backup(self) -> Iterator[None]:
        """Take a backup of the key store now, and put it back at the end of the block."""
        kept = {table: self._rows(table) for table in (data_keys, legal_holds)}
        yield

        def restore(connection: Connection) -> None:
            for table, rows in kept.items():
                connection.execute(delete(table))
                if rows:
                    connection.execute(insert(table), rows)

        self.archive.keys.write(restore)

    def reconcile(self, *, dry_run: bool = False) -> Reconciled:
        """Reconcile, as the command does."""
        work = KeyReconciling(self.archive.database, self.archive.keys, self.archive.holds)
        return work.run(LATER, dry_run=dry_run)

    def request(self, name: str, kind: RequestKind, **changes: Any) -> None:
        """Put a privacy request into the CRM, as its workflow would."""
        fields: dict[str, Any] = {
            "version": changes.pop("version", 1),
            "kind": kind,
            "law": Law.GDPR,
            "customer_id": "c-7",
            "channel": Channel.EMAIL,
            "stage": PrivacyStage.RECEIVED,
            "opened_by": "paula",
            "received_at": CLOSED,
            **changes,
        }
        row = PrivacyRow(request_id=name, **fields)
        entries = (batches.entry(row.version, f"step#{row.version}", at=CLOSED),)
        SqlCrm(self.archive.database).flush(
            FlushBatch(
                stream=name,
                case_id=name,
                privacy=row,
                outgoing=Outgoing(entries=entries),
                at=CLOSED + timedelta(minutes=row.version),
            )
        )

    def alive(self) -> set[tuple[str, str]]:
        """Return the keys that work: owners and classes."""
        return {
            (row["owner"], row["record_class"])
            for row in self._rows(data_keys)
            if row["wrapped"] is not None
        }

    def _rows(self, table: Any) -> list[dict[str, Any]]:
        query = select(table)
        return self.archive.keys.read(lambda c: [dict(r) for r in c.execute(query).mappings()])


@pytest.fixture
def house(own_database_url: URL, tmp_path: Path) -> Iterator[House]:
    # As by default: a file of its own beside SQLite, tables of their own in PostgreSQL.
    sqlite = own_database_url.get_backend_name() == "sqlite"
    with an_archive(own_database_url, tmp_path, None if sqlite else own_database_url) as archive:
        yield House(archive)


def dispose(house: House, at: datetime = OVER) -> None:
    run, _ = asyncio.run(house.archive.run(at))
    assert run.gone


def erase(house: House, customer: str = "c-7") -> None:
    order = ErasureOrder(
        certificate_id="erasure-privacy-1-1",
        customer_id=customer,
        at=CLOSED + timedelta(days=1),
        rules=house.archive.rules,
    )
    assert asyncio.run(house.archive.activities.erase(order)).gone


def test_what_retention_and_erasure_destroyed_opens_again_after_a_restore_and_then_no_more(
    house: House,
) -> None:
    archive = house.archive
    archive.close_inquiry("inquiry-old", CLOSED, customer="c-7")
    archive.close_inquiry("inquiry-erased", CLOSED, customer="c-8")
    archive.close_inquiry("inquiry-kept", LATER, customer="c-9")
    owners = ("inquiry-old", customer_owner("c-7"))
    sealed = {
        owner: (key.key_id, key.seal(b"private", b"here"))
        for owner in owners
        for key in archive.keyring.obtain(owner, (RecordClass.INQUIRY,)).values()
    }
    with house.backup():
        erase(house, "c-8")
        dispose(house)
        destroyed = house.alive()
    assert house.alive() > destroyed

    def opened(owner: str) -> bytes:
        key_id, text = sealed[owner]
        ring = SqlKeyring(archive.keys, LocalWrapper(archive.file))
        return ring.open_by_id(key_id).open(text, b"here")

    assert {opened(owner) for owner in owners} == {b"private"}
    would = house.reconcile(dry_run=True)
    assert {opened(owner) for owner in owners} == {b"private"}
    done = house.reconcile()
    assert (done.keys, done.customers, done.altered) == (would.keys, would.customers, [])
    assert done.keys == {"history": 2, "inquiry": 2}
    assert done.customers == 2
    for owner in owners:
        with pytest.raises(KeyErasedError):
            opened(owner)
    assert house.alive() == destroyed
    again = house.reconcile()
    assert (again.back, again.never) == (0, 0)
    # A customer who returns gets a new key.
    archive.close_inquiry("inquiry-back", LATER, customer="c-7")
    assert house.reconcile().back == 0
    assert archive.works(customer_owner("c-7"), RecordClass.INQUIRY)


def test_nothing_is_done_to_a_key_store_that_agrees(house: House) -> None:
    house.archive.close_inquiry("inquiry-old", CLOSED)
    house.archive.close_inquiry("inquiry-new", LATER, customer="c-8")
    dispose(house)
    before = house.alive()
    done = house.reconcile()
    assert (done.back, done.never, done.placed, done.released) == (0, 0, [], [])
    assert house.alive() == before


def test_a_case_that_began_after_the_backup_gets_no_new_key(house: House) -> None:
    with house.backup():
        house.archive.close_inquiry("inquiry-old", CLOSED)
        dispose(house)
    assert house.alive() == set()
    done = house.reconcile()
    assert (done.back, done.never) == (0, 2)
    ring = SqlKeyring(house.archive.keys, LocalWrapper(house.archive.file))
    with pytest.raises(KeyErasedError):
        ring.obtain("inquiry-old", (RecordClass.INQUIRY,))


def test_a_hold_that_was_placed_since_brings_nothing_back(house: House) -> None:
    house.archive.close_inquiry("inquiry-old", CLOSED)
    with house.backup():
        dispose(house)
    house.archive.holds.place_hold("hold-1", ["inquiry-old", customer_owner("c-7")], LATER)
    assert house.reconcile().keys == {"history": 1, "inquiry": 1}
    assert house.alive() == {("inquiry-old", "incident"), ("inquiry-old", "verification")}


def test_holds_stand_again_as_the_crm_has_them(house: House) -> None:
    over = f"{HOLD}-over"
    house.archive.holds.place_hold(over, ["inquiry-2"], CLOSED)
    with house.backup():
        house.request(HOLD, RequestKind.HOLD, cases=("inquiry-1",))
        house.archive.holds.place_hold(HOLD, ["inquiry-1"], CLOSED)
        house.request(over, RequestKind.HOLD, cases=("inquiry-2",), closed_at=CLOSED)
        house.archive.holds.release_hold(over, CLOSED)
    assert house.archive.holds.holds("inquiry-1") == ()
    done = house.reconcile()
    assert (done.placed, done.released) == ([HOLD], [over])
    assert [hold.hold_id for hold in house.archive.holds.holds("inquiry-1")] == [HOLD]
    assert house.archive.holds.holds("inquiry-2") == ()
    again = house.reconcile()
    assert (again.placed, again.released) == ([], [])


def test_a_document_of_an_export_opens_no_more_and_one_that_is_kept_does(house: House) -> None:
    exports = SealedExports(house.archive.database, house.archive.keyring, house.archive.holds)
    for name in (EXPORT, f"{EXPORT}-open"):
        house.request(name, RequestKind.EXPORT)
        exports.keep(name, b"everything", CLOSED)
    old = house.archive.database.rows(select(privacy_exports))
    with house.backup():
        exports.destroy(EXPORT, CLOSED)
        house.request(EXPORT, RequestKind.EXPORT, closed_at=LATER, version=2)
    assert house.reconcile().exports == 1
    # A backup of the CRM brings the document back, and not what opens it.
    house.archive.database.write(lambda c: c.execute(delete(privacy_exports)))
    house.archive.database.write(lambda c: c.execute(insert(privacy_exports), old))
    ring = SqlKeyring(house.archive.keys, LocalWrapper(house.archive.file))
    fresh = SealedExports(house.archive.database, ring)
    assert fresh.fetch(EXPORT) is None
    assert fresh.fetch(f"{EXPORT}-open") == b"everything"


def test_a_customer_with_cases_keeps_their_key(house: House) -> None:
    house.archive.close_inquiry("inquiry-old", CLOSED, customer="c-7")
    house.archive.close_inquiry("inquiry-kept", LATER, customer="c-8")
    dispose(house)
    assert house.reconcile().customers == 0
    (row,) = house.archive.database.rows(select(customers))
    assert row["name"] == "Ada Byron"


def test_an_altered_certificate_destroys_nothing(house: House) -> None:
    house.archive.close_inquiry("inquiry-old", CLOSED)
    house.archive.close_inquiry("inquiry-kept", LATER, customer="c-8")
    dispose(house)
    before = house.alive()
    filed = CertificateReads(house.archive.database).certificates(parts=True)
    batch = next(each for each in filed if each.kind == "retention")
    forged = batch.body.replace("inquiry-old", "inquiry-kept")

    def forge(connection: Connection) -> None:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            unguard_sqlite(connection)
        with nullcontext() if sqlite else unguarded(connection):
            of_it = certificates.c.certificate_id == batch.certificate_id
            connection.execute(update(certificates).where(of_it).values(body=forged))

    house.archive.database.write(forge)
    done = house.reconcile()
    assert done.altered == [batch.certificate_id]
    assert done.back == 0
    assert house.alive() == before
    assert len(house.archive.database.rows(select(cases))) == 1


def test_batches_reach_everything(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_reconciling, "BATCH", 2)
    for number in range(5):
        house.archive.close_inquiry(f"inquiry-{number}", CLOSED, customer=f"c-{number}")
    with house.backup():
        dispose(house)
        destroyed = house.alive()
    done = house.reconcile()
    assert done.keys == {"history": 5, "inquiry": 5}
    assert done.customers == 5
    assert house.alive() == destroyed
