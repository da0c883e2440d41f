"""Data keys: made once, found by whoever needs them, wrapped at rest, gone when destroyed."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, select, update

from activities.key_ports import (
    KeyErasedError,
    KeysUnavailableError,
    TamperedError,
    UnknownKeyError,
)
from adapters import migrate
from adapters.database import Database
from adapters.key_disposal import KeyDisposal
from adapters.key_tables import data_keys
from adapters.key_wrapping import PlainKey, WrappedKey
from adapters.keyring import SqlKeyring
from adapters.local_wrapper import LocalWrapper
from sop.keys import RecordClass, class_of, classes_at_start, customer_owner, owner_of
from tests.databases import Connect, watch

CASE = "inquiry-0123456789abcdef0123"
OTHER = "handoff-0123456789abcdef0123"


@dataclass
class Store:
    """A key store with the file that wraps its keys."""

    database: Database
    file: Path

    def ring(self, **arguments: object) -> SqlKeyring:
        """Return a keyring as another process would have it."""
        return SqlKeyring(self.database, LocalWrapper(self.file), **arguments)  # type: ignore[arg-type]


@pytest.fixture
def store(own_database_url: URL, connect: Connect, tmp_path: Path) -> Iterator[Store]:
    migrate.upgrade_keys(own_database_url)
    with closing(connect(own_database_url)) as database:
        yield Store(database, tmp_path / "kek.json")


@pytest.mark.clause("INQ-7.2")
def test_each_class_of_a_case_has_a_key_of_its_own(store: Store) -> None:
    keys = store.ring().obtain(CASE, tuple(RecordClass))
    assert len({key.key_id for key in keys.values()}) == len(RecordClass)
    box = keys[RecordClass.INQUIRY].seal(b"private", b"here")
    with pytest.raises(TamperedError):
        keys[RecordClass.HISTORY].open(box, b"here")


def test_another_process_finds_the_same_key(store: Store) -> None:
    first = store.ring().obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    box = first.seal(b"private", b"here")
    other = store.ring()
    assert other.open_by_id(first.key_id).open(box, b"here") == b"private"
    assert other.obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY].key_id == first.key_id


def test_many_at_once_make_one_key(store: Store) -> None:
    rings = [store.ring() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda ring: ring.obtain(CASE, (RecordClass.INCIDENT,)), rings)
    assert len({keys[RecordClass.INCIDENT].key_id for keys in made}) == 1


def test_a_text_opens_in_its_own_context_only(store: Store) -> None:
    key = store.ring().obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    box = key.seal(b"private", b"here")
    assert key.open(box, b"here") == b"private"
    for wrong, context in ((box, b"there"), (box[:-1], b"here"), (b"", b"here"), (box[:12], b"")):
        with pytest.raises(TamperedError):
            key.open(wrong, context)


def test_the_same_text_is_sealed_differently_each_time(store: Store) -> None:
    key = store.ring().obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    assert len({key.seal(b"yes", b"") for _ in range(50)}) == 50


@pytest.mark.clause("HOF-5.1")
def test_a_destroyed_key_opens_nothing_and_is_not_made_again(store: Store) -> None:
    key = store.ring().obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    _destroy(store, key.key_id)
    ring = store.ring()
    with pytest.raises(KeyErasedError):
        ring.open_by_id(key.key_id)
    with pytest.raises(KeyErasedError):
        ring.obtain(CASE, (RecordClass.HISTORY,))
    assert ring.find([key.key_id]) == {}
    assert RecordClass.INQUIRY in ring.obtain(CASE, (RecordClass.INQUIRY,))


def test_a_key_is_kept_at_hand_for_minutes_and_no_longer(store: Store) -> None:
    now = [0.0]
    ring = store.ring(kept_s=300.0, clock=lambda: now[0])
    key = ring.obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    _destroy(store, key.key_id)
    now[0] = 299.0
    assert ring.known(CASE, RecordClass.HISTORY) is key
    now[0] = 300.0
    assert ring.known(CASE, RecordClass.HISTORY) is None
    assert ring.known_by_id(key.key_id) is None
    with pytest.raises(KeyErasedError):
        ring.open_by_id(key.key_id)


def test_what_is_forgotten_is_no_longer_at_hand(store: Store) -> None:
    ring = store.ring()
    ring.obtain(CASE, (RecordClass.HISTORY,))
    other = ring.obtain(OTHER, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    ring.forget([CASE])
    assert ring.known(CASE, RecordClass.HISTORY) is None
    assert ring.known(OTHER, RecordClass.HISTORY) is other


def test_an_unknown_key_is_said_to_be_unknown(store: Store) -> None:
    with pytest.raises(UnknownKeyError):
        store.ring().open_by_id("0" * 32)


def test_one_statement_finds_all_keys_of_a_case(store: Store) -> None:
    made = store.ring().obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    ring = store.ring()
    with watch(store.database) as traffic:
        ring.open_by_id(made.key_id)
        ring.obtain(CASE, classes_at_start(CASE))
    assert len(traffic.statements) == 1


def test_a_key_that_was_moved_to_another_case_does_not_unwrap(store: Store) -> None:
    mine = store.ring().obtain(CASE, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    theirs = store.ring().obtain(OTHER, (RecordClass.HISTORY,))[RecordClass.HISTORY]
    stolen = select(data_keys.c.wrapped).where(data_keys.c.key_id == mine.key_id)
    move = update(data_keys).where(data_keys.c.key_id == theirs.key_id)
    store.database.write(
        lambda connection: connection.execute(
            move.values(wrapped=connection.execute(stolen).scalar_one())
        )
    )
    with pytest.raises(TamperedError):
        store.ring().open_by_id(theirs.key_id)


@pytest.mark.clause("INQ-7.2")
def test_a_key_that_was_altered_spoils_no_other_key(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    made = store.ring().obtain(CASE, tuple(RecordClass))
    bad = made[RecordClass.INCIDENT].key_id
    altered = update(data_keys).where(data_keys.c.key_id == bad).values(wrapped="QUJD")
    store.database.write(lambda connection: connection.execute(altered))
    ids = {key.key_id for key in made.values()}
    assert store.ring().find(ids).keys() == ids - {bad}
    ring = store.ring()
    assert ring.obtain(CASE, [RecordClass.HISTORY])
    assert ring.known(CASE, RecordClass.INQUIRY)
    for ask in (lambda: ring.obtain(CASE, [RecordClass.INCIDENT]), lambda: ring.open_by_id(bad)):
        with pytest.raises(TamperedError):
            ask()
    assert "key.tampered" in caplog.text
    assert bad in caplog.text


@pytest.mark.clause("INQ-7.1")
def test_a_customer_who_comes_back_is_not_given_the_destroyed_key_that_is_still_at_hand(
    store: Store,
) -> None:
    owner, here, elsewhere = customer_owner("c-1"), store.ring(), store.ring()
    first = here.obtain(owner, [class_of(owner)], likely_new=True)[class_of(owner)]
    assert KeyDisposal(store.database, elsewhere).destroy_customer("c-1")
    assert here.known(owner, class_of(owner)) is first
    again = here.obtain(owner, [class_of(owner)], likely_new=True)[class_of(owner)]
    assert again.key_id != first.key_id
    assert elsewhere.open_by_id(again.key_id).owner == owner


def test_the_file_of_the_key_encryption_keys_is_for_its_owner_alone(store: Store) -> None:
    store.ring()
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600


def test_an_old_version_still_unwraps_and_a_new_one_wraps(tmp_path: Path) -> None:
    running, rotating = LocalWrapper(tmp_path / "kek.json"), LocalWrapper(tmp_path / "kek.json")
    old = running.wrap([PlainKey("a", b"1" * 32)])
    second = rotating.rotate()
    new = rotating.wrap([PlainKey("b", b"2" * 32)])
    assert old[0].version.startswith("local:1-")
    assert second.startswith("local:2-")
    assert new[0].version == second
    assert [key.material for key in running.unwrap([*old, *new])] == [b"1" * 32, b"2" * 32]


def test_a_version_that_is_not_in_the_file_is_an_outage(tmp_path: Path) -> None:
    wrapper = LocalWrapper(tmp_path / "kek.json")
    with pytest.raises(KeysUnavailableError):
        wrapper.unwrap([WrappedKey("a", "AAAA", "local:9")])
    with pytest.raises(KeysUnavailableError):
        wrapper.unwrap([WrappedKey("a", "AAAA", "vault:1")])


@pytest.mark.parametrize("text", ["", "{}", '{"current": "2", "keys": {"1": "AAAA"}}', "[1]"])
def test_a_damaged_file_is_an_outage_and_not_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / "kek.json").write_text(text)
    with pytest.raises(KeysUnavailableError) as told:
        LocalWrapper(tmp_path / "kek.json")
    assert "AAAA" not in str(told.value)


@pytest.mark.parametrize(
    ("workflow_id", "owner"),
    [
        (CASE, CASE),
        (f"escalation-{CASE}-follow_up_overdue-2", CASE),
        ("escalation-duty-review-2026.1-duty_overdue-1", "duty-review-2026.1"),
        ("handrail-audit-2026-12-01T05:00:00Z", "handrail"),
        ("handrail-audit", "handrail"),
        ("something else", "something else"),
    ],
)
def test_a_workflow_says_whose_data_it_handles(workflow_id: str, owner: str) -> None:
    assert owner_of(workflow_id) == owner


def test_a_case_is_of_the_class_that_its_procedure_names() -> None:
    assert class_of(CASE) is RecordClass.INQUIRY
    assert class_of(OTHER) is RecordClass.HANDOFF
    assert class_of(customer_owner("c-1")) is RecordClass.INQUIRY


def _destroy(store: Store, key_id: str) -> None:
    gone = update(data_keys).where(data_keys.c.key_id == key_id).values(wrapped=None)
    store.database.write(lambda connection: connection.execute(gone))


def test_what_another_machines_file_has_wrapped_is_an_outage_and_no_alarm(tmp_path: Path) -> None:
    here, there = LocalWrapper(tmp_path / "here.json"), LocalWrapper(tmp_path / "there.json")
    with pytest.raises(KeysUnavailableError):
        there.unwrap(here.wrap([PlainKey("a", b"1" * 32)]))


@pytest.mark.parametrize(
    "text", ["", "{}", '{"current": "1", "keys": {}}', '{"current": "1", "keys": {"1": "AAAA"}}']
)
def test_a_damaged_file_is_told_without_what_it_holds(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kek.json"
    path.write_text(text)
    with pytest.raises(KeysUnavailableError) as told:
        LocalWrapper(path)
    assert "AAAA" not in str(told.value)
    assert path.read_text() == text


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysUnavailableError, match="cannot be written"):
        LocalWrapper(tmp_path / "file" / "kek.json")
