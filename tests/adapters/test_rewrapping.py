"""A rotation: every data key is wrapped anew while everything runs, and no erasure is undone."""

import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, select, update

from activities.key_ports import KeyErasedError, KeysUnavailableError
from adapters import rewrapping
from adapters.database import Database, Limits
from adapters.key_tables import data_keys
from adapters.key_wrapping import KeyWrapper, PlainKey, WrappedKey, key_name
from adapters.keyring import SqlKeyring
from adapters.local_wrapper import LocalWrapper
from adapters.migrate import upgrade_keys
from adapters.rewrapping import Rewrapping
from sop.keys import RecordClass
from tests.databases import Connect
from tests.keepers import Keeper, free_port

CONTEXT = b"a payload's context"


@pytest.fixture
def store(own_database_url: str, connect: Connect) -> Database:
    """A key store of its own, on either database."""
    upgrade_keys(own_database_url)
    return connect(own_database_url, Limits(pool_size=8, wait=timedelta(seconds=20)))


@pytest.fixture
def wrapper(tmp_path: Path) -> LocalWrapper:
    return LocalWrapper(tmp_path / "kek.json")


def fill(store: Database, wrapper: KeyWrapper, count: int) -> list[str]:
    """Make keys of as many cases; return their ids."""
    ids = [secrets.token_hex(16) for _ in range(count)]
    plain = [
        PlainKey(key_name(key_id, f"inquiry-{n}", RecordClass.HISTORY), secrets.token_bytes(32))
        for n, key_id in enumerate(ids)
    ]
    rows = [
        {
            "key_id": key_id,
            "owner": f"inquiry-{n}",
            "record_class": RecordClass.HISTORY,
            "wrapped": wrapped.wrapped,
            "kek_version": wrapped.version,
            "created_at": datetime.now(UTC),
        }
        for n, (key_id, wrapped) in enumerate(zip(ids, wrapper.wrap(plain), strict=True))
    ]
    store.write(lambda connection: connection.execute(store.insert(data_keys), rows))
    return ids


def destroy(store: Database, key_id: str) -> None:
    statement = update(data_keys).where(data_keys.c.key_id == key_id).values(wrapped=None)
    store.write(lambda connection: connection.execute(statement))


def row_of(store: Database, key_id: str) -> tuple[str | None, str]:
    columns = select(data_keys.c.wrapped, data_keys.c.kek_version)
    found = store.read(lambda c: c.execute(columns.where(data_keys.c.key_id == key_id)).one())
    return found[0], found[1]


def test_ten_thousand_keys_are_wrapped_anew_while_cases_go_on(
    store: Database, tmp_path: Path
) -> None:
    path = tmp_path / "kek.json"
    ids = fill(store, LocalWrapper(path), 10_000)
    # A ring of its own that keeps nothing at hand, as a process that has just started.
    ring = SqlKeyring(store, LocalWrapper(path), kept_s=0)
    sealed = {key_id: ring.open_by_id(key_id).seal(b"words", CONTEXT) for key_id in ids[::500]}
    over = threading.Event()

    def cases_go_on(thread: int) -> int:
        done = 0
        while not over.is_set() or done < 5:
            found = ring.find(secrets.SystemRandom().sample(ids, 5))
            assert len(found) == 5
            owner = f"inquiry-new-{thread}-{done}"
            made = ring.obtain(owner, {RecordClass.HISTORY})[RecordClass.HISTORY]
            assert ring.open_by_id(made.key_id).open(made.seal(b"x", CONTEXT), CONTEXT) == b"x"
            done += 1
        return done

    operator = LocalWrapper(path)
    with ThreadPoolExecutor(4) as threads:
        going_on = [threads.submit(cases_go_on, thread) for thread in range(4)]
        try:
            version = operator.rotate()
            came = Rewrapping(store, operator).run()
        finally:
            over.set()
        assert all(result.result() for result in going_on)
    assert (came.version, came.refused) == (version, ())
    assert came.done >= 10_000
    assert Rewrapping(store, operator).standing().old == 0
    fresh = SqlKeyring(store, LocalWrapper(path))
    for key_id, text in sealed.items():
        assert fresh.open_by_id(key_id).open(text, CONTEXT) == b"words"


def test_keys_of_every_keeper_are_wrapped_anew_and_open(
    keeper: Keeper, tmp_path: Path, connect: Connect
) -> None:
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    upgrade_keys(url)
    store, wrapper = connect(url), keeper.open()
    ids = fill(store, wrapper, 30)
    ring = SqlKeyring(store, keeper.open(), kept_s=0)
    sealed = ring.open_by_id(ids[3]).seal(b"words", CONTEXT)
    version = wrapper.rotate()
    told: list[int] = []
    came = Rewrapping(store, wrapper).run(told.append)
    assert (came.done, came.version, told) == (30, version, [30])
    assert ring.open_by_id(ids[3]).open(sealed, CONTEXT) == b"words"
    assert row_of(store, ids[3])[1] == version
    assert Rewrapping(store, wrapper).run().done == 0


class _Interrupting:
    """A wrapper beside which something happens whenever keys have been unwrapped."""

    def __init__(self, wrapper: KeyWrapper, happens: Callable[[], None]) -> None:
        self._wrapper = wrapper
        self._happens = happens
        self.wrap = wrapper.wrap
        self.rotate = wrapper.rotate
        self.current_version = wrapper.current_version
        self.close = wrapper.close

    def unwrap(self, keys: Sequence[WrappedKey]) -> tuple[PlainKey, ...]:
        plain = self._wrapper.unwrap(keys)
        self._happens()
        return plain


def test_a_key_that_is_destroyed_meanwhile_stays_destroyed(
    store: Database, wrapper: LocalWrapper
) -> None:
    ids = fill(store, wrapper, 3)
    wrapper.rotate()
    came = Rewrapping(store, _Interrupting(wrapper, lambda: destroy(store, ids[1]))).run()
    assert came.done == 2
    assert row_of(store, ids[1])[0] is None
    with pytest.raises(KeyErasedError):
        SqlKeyring(store, wrapper).open_by_id(ids[1])
    standing = Rewrapping(store, wrapper).standing()
    assert (standing.destroyed, sum(standing.versions.values())) == (1, 2)


def test_an_interrupted_rotation_is_gone_on_with(
    store: Database, wrapper: LocalWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 10)
    fill(store, wrapper, 35)
    version = wrapper.rotate()

    def interrupt(done: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Rewrapping(store, wrapper).run(interrupt)
    assert Rewrapping(store, wrapper).standing().versions[version] == 20
    assert Rewrapping(store, wrapper).run().done == 15
    assert Rewrapping(store, wrapper).standing().versions == {version: 35}


def test_two_rotations_at_once_leave_every_key_with_one_of_their_versions(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 10)
    path = tmp_path / "kek.json"
    ids = fill(store, LocalWrapper(path), 100)

    def rotate() -> None:
        mine = LocalWrapper(path)
        mine.rotate()
        Rewrapping(store, mine).run()

    with ThreadPoolExecutor(2) as threads:
        for result in [threads.submit(rotate) for _ in range(2)]:
            result.result()
    last = LocalWrapper(path)
    Rewrapping(store, last).run()
    assert Rewrapping(store, last).standing().versions == {last.current_version(): 100}
    assert len(SqlKeyring(store, last).find(ids)) == 100


def test_an_altered_key_is_named_and_the_others_are_wrapped_anew(
    store: Database, wrapper: LocalWrapper
) -> None:
    ids = fill(store, wrapper, 20)
    theirs = row_of(store, ids[4])[0]
    moved = (
        update(data_keys).where(data_keys.c.key_id.in_([ids[7], ids[13]])).values(wrapped=theirs)
    )
    store.write(lambda connection: connection.execute(moved))
    version = wrapper.rotate()
    came = Rewrapping(store, wrapper).run()
    assert came.done == 18
    assert set(came.refused) == {ids[7], ids[13]}
    assert row_of(store, ids[4])[1] == version
    assert row_of(store, ids[7]) == (theirs, row_of(store, ids[13])[1])


def test_a_lock_that_is_held_for_a_moment_is_waited_out(
    copied_sqlite: URL, connect: Connect, wrapper: LocalWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_keys(copied_sqlite)
    store = connect(copied_sqlite, Limits(wait=timedelta(milliseconds=10)))
    fill(store, wrapper, 3)
    wrapper.rotate()
    other = connect(copied_sqlite).engine.connect()
    other.execute(select(1))  # which takes the write lock, as every transaction here does
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        other.rollback()

    monkeypatch.setattr("adapters.rewrapping.time.sleep", pause)
    assert Rewrapping(store, wrapper).run().done == 3
    assert len(pauses) == 1
    other.close()


def test_a_key_store_that_stays_away_is_told(
    connect: Connect, wrapper: LocalWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "_PAUSE_S", 0)
    away = connect(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    with pytest.raises(KeysUnavailableError):
        Rewrapping(away, wrapper).run()


def test_a_closed_ring_lets_go_of_its_keeper(store: Database, wrapper: LocalWrapper) -> None:
    with closing(SqlKeyring(store, wrapper)) as ring:
        assert ring.obtain("inquiry-1", {RecordClass.HISTORY})
