"""Destroys data keys, and lets legal holds win: both in the key store, one after the other."""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Select, Update, case, func, select, update

from activities.disposal_ports import Destroyed
from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters.database import Database
from adapters.key_tables import data_keys, legal_holds
from adapters.keyring import SqlKeyring
from sop.disposal import Hold
from sop.keys import RecordClass, customer_owner

T = TypeVar("T")

KeyName = tuple[str, RecordClass]
"""A key's owner and class: the name under which it is looked for."""

_TURNS = 0x68616E64726B6579  # any number; whoever places a hold or destroys a key names this one
_FORMER = "former-"  # and the key's id: the owner of a key whose customer has gone
_NEVER = ""  # the version of a key that there never was


class KeyDisposal:
    """Implements `activities.disposal_ports.KeyDisposalPort`.

    Who places a hold and who destroys keys take turns. So a hold that was committed is seen by
    every destruction that commits later; and what was destroyed before, nobody can hold.
    """

    def __init__(self, database: Database, keyring: SqlKeyring) -> None:
        """Work on a key store, and let a keyring forget what is destroyed there."""
        self._database = database
        self._keyring = keyring

    def place_hold(self, hold_id: str, scopes: Collection[str], at: datetime) -> None:
        """Hold scopes: case ids or `customer-<id>`. From its return on nothing of them goes.

        Raises:
            KeysUnavailableError: Try again.
        """
        upsert = self._database.insert(legal_holds)
        statement = upsert.on_conflict_do_update(
            index_elements=list(legal_holds.primary_key.columns),
            set_={
                "placed_at": case(
                    (legal_holds.c.released_at.is_(None), legal_holds.c.placed_at),
                    else_=upsert.excluded.placed_at,
                ),
                "released_at": None,
            },
        )
        rows = [
            {"hold_id": hold_id, "scope": scope, "placed_at": at} for scope in sorted(set(scopes))
        ]
        if rows:
            self._in_turn(lambda connection: connection.execute(statement, rows))

    def release_hold(self, hold_id: str, at: datetime) -> bool:
        """Release a hold in all its scopes; return whether there was one in force.

        Raises:
            KeysUnavailableError: Try again.
        """
        released = (
            update(legal_holds)
            .where(legal_holds.c.hold_id == hold_id, legal_holds.c.released_at.is_(None))
            .values(released_at=at)
        )
        return self._in_turn(lambda connection: connection.execute(released).rowcount > 0)

    def holds(self, scope: str) -> tuple[Hold, ...]:
        """Return the holds in force on a scope.

        Raises:
            KeysUnavailableError: Try again.
        """
        return self._holds(_in_force((scope,)))

    def all_holds(self) -> tuple[Hold, ...]:
        """Return every hold that was ever placed, the newest first.

        Raises:
            KeysUnavailableError: Try again.
        """
        held = legal_holds.c
        return self._holds(select(legal_holds).order_by(held.placed_at.desc(), *held))

    def destroy(
        self,
        owner: str,
        classes: Collection[RecordClass],
        *,
        customer_id: str | None,
        about: Collection[str] = (),
        certificate_id: str,
        at: datetime,
    ) -> Destroyed:
        """Destroy keys for good, in the transaction that sees that there is no hold.

        A hold on the customer, or on a case that the owner belongs to (`about`), is one on it.

        A class without a key is given a destroyed one: so none is made later on.

        Raises:
            KeysUnavailableError: Try again.
        """
        of_customer = () if customer_id is None else (customer_owner(customer_id),)
        scopes = (owner, *of_customer, *about)
        destroy = _destruction(self._database)
        rows = [_destroyed(owner, which, certificate_id, at) for which in sorted(set(classes))]

        def work(connection: Connection) -> Destroyed:
            held = _hold_ids(connection, scopes)
            if held or not rows:
                return Destroyed(holds=held)
            connection.execute(destroy, rows)
            key = data_keys.c
            under = select(key.record_class).where(
                key.owner == owner, key.destroyed_by == certificate_id, key.kek_version != _NEVER
            )
            was = set(connection.execute(under).scalars())
            return Destroyed(classes={which: int(which in was) for which in sorted(set(classes))})

        destroyed = self._in_turn(work)
        if destroyed.classes:
            self._keyring.forget([owner])
        return destroyed

    def destroy_again(self, certified: Mapping[KeyName, str], at: datetime) -> None:
        """Destroy what certificates say was destroyed, and a backup of the keys brings back.

        No hold is asked: none stood when it went, and one placed since holds what is left.

        Args:
            certified: The keys, each with its certificate's id.
            at: Now.

        Raises:
            KeysUnavailableError: Try again.
        """
        rows = [_destroyed(owner, which, by, at) for (owner, which), by in certified.items()]
        if rows:
            destroy = _destruction(self._database)
            self._in_turn(lambda connection: connection.execute(destroy, rows))
            self._keyring.forget({owner for owner, _ in certified})

    def let_customers_go_again(self, key_ids: Collection[str], at: datetime) -> None:
        """Destroy keys of customers' own records that a backup of the keys brings back.

        Raises:
            KeysUnavailableError: Try again.
        """
        key = data_keys.c
        destroy = _release_of_customers(at).where(key.key_id.in_(key_ids))
        self._in_turn(lambda connection: connection.execute(destroy))

    def destroy_customer(self, customer_id: str) -> bool:
        """Destroy the keys of a customer's own record, unless a hold stands on the customer.

        What is left of them bears no customer's id, so that one who returns gets new keys.

        Raises:
            KeysUnavailableError: Try again.
        """
        owner = customer_owner(customer_id)
        destroy = _release_of_customers(datetime.now(UTC)).where(data_keys.c.owner == owner)

        def work(connection: Connection) -> bool:
            if _hold_ids(connection, (owner,)):
                return False
            connection.execute(destroy)
            return True

        gone = self._in_turn(work)
        if gone:
            self._keyring.forget([owner])
        return gone

    @contextmanager
    def standing(self) -> Iterator[Mapping[str, tuple[str, ...]]]:
        """Yield the holds in force, by scope; nobody places another until this is left.

        For what goes without a key. Begin the transaction that deletes it before, and commit that
        within: so every disposal waits for the records first, and for the holds then.

        Raises:
            KeysUnavailableError: Try again.
        """
        with ExitStack() as until_left:
            connection = _named(lambda: until_left.enter_context(self._database.transaction()))
            yield _named(lambda: self._standing(connection))

    def still_open(self, owner: str, classes: Collection[RecordClass]) -> tuple[RecordClass, ...]:
        """Return the classes of which a key still works: its row holds one, or the keyring does.

        Raises:
            KeysUnavailableError: Try again.
        """
        key = data_keys.c
        query = select(key.key_id, key.record_class, key.wrapped.is_not(None)).where(
            key.owner == owner, key.record_class.in_([which.value for which in classes])
        )
        rows = self._read(lambda connection: list(connection.execute(query)))
        return tuple(
            RecordClass(which)
            for key_id, which, stored in rows
            if stored or self._keyring.known_by_id(key_id) is not None
        )

    def _holds(self, query: Select[Any]) -> tuple[Hold, ...]:
        rows = self._read(lambda connection: list(connection.execute(query).mappings()))
        return tuple(Hold.model_validate(dict(row)) for row in rows)

    def _standing(self, connection: Connection) -> Mapping[str, tuple[str, ...]]:
        self._database.take_turns(connection, _TURNS)
        held = legal_holds.c
        query = select(held.scope, held.hold_id).where(held.released_at.is_(None))
        found: dict[str, tuple[str, ...]] = {}
        for scope, hold_id in connection.execute(query.order_by(held.scope, held.hold_id)):
            found[scope] = (*found.get(scope, ()), hold_id)
        return found

    def _in_turn(self, work: Callable[[Connection], T]) -> T:
        def take_turns(connection: Connection) -> T:
            self._database.take_turns(connection, _TURNS)
            return work(connection)

        return _named(lambda: self._database.write(take_turns))

    def _read(self, work: Callable[[Connection], T]) -> T:
        return _named(lambda: self._database.read(work))


def _named(work: Callable[[], T]) -> T:
    try:
        return work()
    except CrmUnavailableError:
        raise KeysUnavailableError("the key store did not answer") from None


def _destruction(database: Database) -> Insert:
    """Return what empties a key's row, or writes a destroyed one where there is none."""
    insert = database.insert(data_keys)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[data_keys.c.owner, data_keys.c.record_class],
        set_={
            "wrapped": None,
            "destroyed_at": func.coalesce(data_keys.c.destroyed_at, new.destroyed_at),
            "destroyed_by": func.coalesce(data_keys.c.destroyed_by, new.destroyed_by),
        },
    )


def _destroyed(
    owner: str, which: RecordClass, certificate_id: str, at: datetime
) -> dict[str, object]:
    return {
        "key_id": secrets.token_hex(16),
        "owner": owner,
        "record_class": which.value,
        "wrapped": None,
        "kek_version": _NEVER,
        "created_at": at,
        "destroyed_at": at,
        "destroyed_by": certificate_id,
    }


def _release_of_customers(at: datetime) -> Update:
    """Return what destroys keys and takes their owner's name off them."""
    former = _FORMER + data_keys.c.key_id
    return update(data_keys).values(owner=former, wrapped=None, destroyed_at=at)


def _in_force(scopes: Iterable[str]) -> Select[Any]:
    held = legal_holds.c
    return (
        select(legal_holds)
        .where(held.scope.in_(list(scopes)), held.released_at.is_(None))
        .order_by(held.hold_id)
    )


def _hold_ids(connection: Connection, scopes: Iterable[str]) -> tuple[str, ...]:
    rows = connection.execute(_in_force(scopes)).mappings()
    return tuple(sorted({row["hold_id"] for row in rows}))
