"""Keys are destroyed for good, and never those that somebody has to hold."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import URL, select

from activities.key_ports import KeyErasedError, KeysUnavailableError
from adapters import migrate
from adapters.database import Database, Limits
from adapters.key_disposal import KeyDisposal
from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring
from adapters.local_wrapper import LocalWrapper
from sop.keys import RecordClass, customer_owner
from tests.databases import Connect

CASE = "inquiry-0123456789abcdef0123"
NOW = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)
BOTH = (RecordClass.INQUIRY, RecordClass.VERIFICATION)
INTERLEAVINGS = 500


@dataclass
class House:
    """A key store, with what destroys its keys."""

    database: Database
    file: Path
    keyring: SqlKeyring
    disposal: KeyDisposal

    def destroy(self, owner: str = CASE, customer: str | None = "c-7") -> tuple[str, ...]:
        """Destroy two classes of a case; return the holds that kept them."""
        return self.disposal.destroy(
            owner, BOTH, customer_id=customer, certificate_id="retention-1", at=NOW
        ).holds

    def works(self, owner: str = CASE) -> bool:
        """Return whether a fresh process still gets both keys."""
        ring = SqlKeyring(self.database, LocalWrapper(self.file))
        try:
            ring.obtain(owner, BOTH)
        except KeyErasedError:
            return False
        return True

    def is_there(self, owner: str) -> bool:
        """Return whether a key's row is not emptied, in one statement."""
        query = select(data_keys.c.wrapped).where(data_keys.c.owner == owner)
        rows = self.database.read(lambda connection: connection.execute(query).scalars().all())
        return bool(rows) and None not in rows


@pytest.fixture
def house(own_database_url: URL, connect: Connect, tmp_path: Path) -> Iterator[House]:
    migrate.upgrade_keys(own_database_url)
    limits = Limits(pool_size=5, wait=timedelta(seconds=30), statement=timedelta(seconds=30))
    with closing(connect(own_database_url, limits)) as database:
        keyring = SqlKeyring(database, LocalWrapper(tmp_path / "kek.json"))
        keyring.obtain(CASE, BOTH)
        yield House(database, tmp_path / "kek.json", keyring, KeyDisposal(database, keyring))


@pytest.mark.clause("HOF-5.1", "INQ-7.1")
def test_what_a_destroyed_key_has_sealed_opens_no_more(house: House) -> None:
    key = house.keyring.obtain(CASE, BOTH)[RecordClass.INQUIRY]
    assert house.disposal.still_open(CASE, BOTH) == BOTH
    assert house.destroy() == ()
    assert house.keyring.known(CASE, RecordClass.INQUIRY) is None
    with pytest.raises(KeyErasedError):
        house.keyring.open_by_id(key.key_id)
    assert not house.works()
    assert house.disposal.still_open(CASE, BOTH) == ()


def test_the_other_classes_of_the_case_still_open(house: House) -> None:
    house.destroy()
    assert house.disposal.still_open(CASE, tuple(RecordClass)) == (RecordClass.HISTORY,)


def test_a_class_that_never_had_a_key_gets_none_afterwards(house: House) -> None:
    house.destroy("handoff-without-keys")
    with pytest.raises(KeyErasedError):
        house.keyring.obtain("handoff-without-keys", BOTH)


def test_a_key_is_destroyed_once_and_keeps_its_certificate(house: House) -> None:
    house.destroy()
    later = NOW + timedelta(days=1)
    again = house.disposal.destroy(
        CASE, BOTH, customer_id=None, certificate_id="retention-2", at=later
    )
    assert again.classes == dict.fromkeys(BOTH, 0)
    query = select(data_keys.c.destroyed_by, data_keys.c.destroyed_at).where(
        data_keys.c.owner == CASE, data_keys.c.record_class == "inquiry"
    )
    rows = house.database.read(lambda connection: connection.execute(query).all())
    assert [tuple(row) for row in rows] == [("retention-1", NOW)]


@pytest.mark.clause("HOF-5.1")
@pytest.mark.parametrize("scope", [CASE, customer_owner("c-7")])
def test_a_hold_on_the_case_or_its_customer_keeps_every_key(house: House, scope: str) -> None:
    house.disposal.place_hold("hold-1", [scope, "inquiry-other"], NOW)
    assert house.destroy() == ("hold-1",)
    assert house.works()
    assert house.disposal.release_hold("hold-1", NOW)
    assert house.destroy() == ()
    assert not house.works()


@pytest.mark.clause("HOF-5.1")
def test_a_hold_on_the_case_that_it_belongs_to_keeps_every_key(house: House) -> None:
    house.disposal.place_hold("hold-1", ["inquiry-other"], NOW)
    kept = house.disposal.destroy(
        CASE,
        BOTH,
        customer_id="c-7",
        about=("handoff-other", "inquiry-other"),
        certificate_id="retention-1",
        at=NOW,
    )
    assert kept.holds == ("hold-1",)
    assert house.works()


def test_of_two_holds_the_one_that_is_left_suffices(house: House) -> None:
    house.disposal.place_hold("hold-1", [CASE], NOW)
    house.disposal.place_hold("hold-2", [CASE], NOW)
    house.disposal.release_hold("hold-1", NOW)
    assert house.destroy() == ("hold-2",)
    assert [hold.hold_id for hold in house.disposal.holds(CASE)] == ["hold-2"]
    assert {hold.hold_id for hold in house.disposal.all_holds()} == {"hold-1", "hold-2"}


def test_a_hold_is_placed_once_and_can_be_placed_anew(house: House) -> None:
    later = NOW + timedelta(days=1)
    house.disposal.place_hold("hold-1", [CASE], NOW)
    house.disposal.place_hold("hold-1", [CASE], later)
    (hold,) = house.disposal.holds(CASE)
    assert hold.placed_at == NOW
    assert house.disposal.release_hold("hold-1", later)
    assert not house.disposal.release_hold("hold-1", later)
    assert house.disposal.holds(CASE) == ()
    house.disposal.place_hold("hold-1", [CASE], later)
    (hold,) = house.disposal.holds(CASE)
    assert hold.placed_at == later


def test_a_customer_who_returns_gets_a_new_key(house: House) -> None:
    owner = customer_owner("c-7")
    old = house.keyring.obtain(owner, (RecordClass.INQUIRY,))[RecordClass.INQUIRY]
    house.disposal.place_hold("hold-1", [owner], NOW)
    assert not house.disposal.destroy_customer("c-7")
    assert house.keyring.open_by_id(old.key_id).key_id == old.key_id
    house.disposal.release_hold("hold-1", NOW)
    assert house.disposal.destroy_customer("c-7")
    new = house.keyring.obtain(owner, (RecordClass.INQUIRY,))[RecordClass.INQUIRY]
    assert new.key_id != old.key_id


def test_a_key_store_that_is_away_is_an_error_to_be_tried_again(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'nowhere' / 'keys.db'}")) as away:
        disposal = KeyDisposal(away, SqlKeyring(away, LocalWrapper(tmp_path / "kek.json")))
        with pytest.raises(KeysUnavailableError):
            disposal.place_hold("hold-1", [CASE], NOW)
        with pytest.raises(KeysUnavailableError):
            disposal.holds(CASE)


def together(*works: Callable[[], object], looks: tuple[int, ...], house: House) -> list[object]:
    """Do works at once, each after some looks at the database, which shift them against another."""
    start = Barrier(len(works))

    def begin(work: Callable[[], object], before: int) -> object:
        start.wait()
        for _ in range(before):
            house.disposal.holds("nobody")
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [
            f.result() for f in [pool.submit(begin, *p) for p in zip(works, looks, strict=True)]
        ]


@pytest.mark.clause("HOF-5.1")
def test_a_hold_wins_every_race_with_the_destruction(house: House) -> None:
    """Nobody who was told that a key is held, and saw it, loses it, in 500 interleavings."""
    outcomes = {True: 0, False: 0}
    for number in range(INTERLEAVINGS):
        owner = f"inquiry-race-{number}"
        scope = (owner, customer_owner(f"c-{number}"))[number % 2]
        house.keyring.obtain(owner, BOTH)

        def hold(owner: str = owner, scope: str = scope) -> bool:
            house.disposal.place_hold(f"hold-{owner}", [scope], NOW)
            return house.is_there(owner)

        def destroy(owner: str = owner, customer: str = f"c-{number}") -> tuple[str, ...]:
            return house.destroy(owner, customer)

        looks = (number % 3, number // 3 % 3)
        was_there, holds = together(hold, destroy, looks=looks, house=house)
        there = house.is_there(owner)
        assert there == was_there == bool(holds)
        assert house.destroy(owner, f"c-{number}") == (f"hold-{owner}",)
        assert house.is_there(owner) == there
        outcomes[there] += 1
    assert all(outcomes.values()), outcomes


@pytest.mark.clause("HOF-5.1")
def test_nothing_is_destroyed_before_the_hold_is_released(house: House) -> None:
    """Release, destruction and a second hold at once: the same between three."""
    outcomes = {True: 0, False: 0}
    for number in range(INTERLEAVINGS // 5):
        owner = f"inquiry-race-{number}"
        house.keyring.obtain(owner, BOTH)
        house.disposal.place_hold(f"old-{owner}", [owner], NOW)

        def hold(owner: str = owner) -> bool:
            house.disposal.place_hold(f"new-{owner}", [owner], NOW)
            return house.is_there(owner)

        def release(owner: str = owner) -> bool:
            house.disposal.release_hold(f"old-{owner}", NOW)
            return True

        def destroy(owner: str = owner) -> set[str]:
            kept = house.destroy(owner)
            if not kept:
                # The old hold is gone, or nothing could have been destroyed.
                assert f"old-{owner}" not in {h.hold_id for h in house.disposal.holds(owner)}
            return set(kept)

        looks = (number % 5, number // 5 % 2, number // 10 % 5)
        was_there, _, holds = together(hold, release, destroy, looks=looks, house=house)
        there = house.is_there(owner)
        assert there == was_there == bool(holds)
        outcomes[there] += 1
    assert all(outcomes.values()), outcomes
