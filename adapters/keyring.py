"""Data keys on SQL: made once for an owner and a class, kept at hand for some minutes."""

import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import RowMapping, Select, select

from activities.key_ports import (
    KeyEncryption,
    KeyErasedError,
    KeysUnavailableError,
    TamperedError,
    UnknownKeyError,
)
from activities.ports import CrmUnavailableError
from adapters.database import Database, Limits
from adapters.key_tables import data_keys
from adapters.key_wrapping import KeyWrapper, PlainKey, WrappedKey, key_name
from adapters.migrate import keys_are_current
from adapters.wrappers import open_wrapper
from sop.keys import RecordClass, classes_at_start

KEPT_S = 300.0
"""So long an unwrapped key is kept: a destroyed one works in other processes no longer."""

MOST_KEPT = 10_000
_NONCE = 12
_LEAST = _NONCE + 16  # an empty text sealed: the nonce and the tag
_now = partial(datetime.now, UTC)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class AesKey:
    """A data key: AES-256-GCM with a nonce of chance for each text."""

    __slots__ = ("_cipher", "key_id", "owner", "record_class")

    def __init__(self, key_id: str, owner: str, record_class: RecordClass, material: bytes) -> None:
        self.key_id = key_id
        self.owner = owner
        self.record_class = record_class
        self._cipher = AESGCM(material)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            TamperedError: It was altered, or sealed in another context or with another key.
        """
        if len(sealed) < _LEAST:
            raise TamperedError("what was sealed is too short")
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
        except InvalidTag:
            raise TamperedError("what was sealed was altered") from None


class SqlKeyring:
    """Makes and finds data keys. Safe for threads.

    One statement finds all keys of an owner, whichever of them was asked for: who decodes a
    case's payload writes its records next.
    """

    def __init__(
        self,
        database: Database,
        wrapper: KeyWrapper,
        *,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep keys in a database, wrapped by a key-encryption key."""
        self._database = database
        self._wrapper = wrapper
        self._kept_s = kept_s
        self._clock = clock
        self._by_owner: dict[tuple[str, RecordClass], tuple[AesKey, float]] = {}
        self._by_id: dict[str, tuple[AesKey, float]] = {}
        self._gone: dict[tuple[str, RecordClass], float] = {}
        self._lock = threading.Lock()
        # The rows are its parameters: as values of its own they would be compiled each time.
        self._insert = (
            database.insert(data_keys)
            .on_conflict_do_update(
                index_elements=[data_keys.c.owner, data_keys.c.record_class],
                set_={"owner": data_keys.c.owner},  # nothing: but so a row that is there comes back
            )
            .returning(data_keys)
        )

    def known(self, owner: str, record_class: RecordClass) -> AesKey | None:
        """Return a key that is at hand."""
        return self._fresh(self._by_owner.get((owner, record_class)))

    def known_by_id(self, key_id: str) -> AesKey | None:
        """Return a key by its id, if it is at hand."""
        return self._fresh(self._by_id.get(key_id))

    def obtain(
        self, owner: str, classes: Collection[RecordClass], *, likely_new: bool = False
    ) -> Mapping[RecordClass, AesKey]:
        """Return an owner's keys; those that there are not yet are made.

        Where an owner's other keys are at hand, the one that is not is likely to be new as well:
        all were found together.

        Args:
            owner: Whose.
            classes: Which.
            likely_new: Make them at once, without a look at the store or at what is at hand: what
                there is, is found all the same. A key at hand may have been destroyed by another
                process, and its owner have a new one (`KeyDisposal.destroy_customer`).

        Raises:
            KeyErasedError: One of them was destroyed.
            TamperedError: One of them was altered in the store; the log has an alarm.
            KeysUnavailableError: Try again.
        """
        keys: dict[RecordClass, AesKey] = {}
        if not likely_new:
            keys = {which: key for which in classes if (key := self.known(owner, which))}
        lacking = set(classes) - keys.keys()
        if not lacking:
            return keys
        if keys or likely_new or any(self.known(owner, which) for which in RecordClass):
            rows = self._make(owner, lacking)
        else:
            rows = self._rows(select(data_keys).where(data_keys.c.owner == owner))
            at_start = () if rows else classes_at_start(owner)
            if lacking := set(classes) - {RecordClass(row["record_class"]) for row in rows}:
                rows += self._make(owner, lacking.union(at_start))
        keys |= {key.record_class: key for key in self._unwrap(rows)}
        if lacking := set(classes) - keys.keys():
            _require_erased(rows, lacking)
            raise KeyErasedError(f"the key of class {min(lacking)} was destroyed")
        return {which: keys[which] for which in classes}

    def find(self, key_ids: Collection[str]) -> Mapping[str, AesKey]:
        """Return keys by their ids; erased, unknown and altered ones are left out.

        Raises:
            KeysUnavailableError: Try again.
        """
        held = {key_id: self.known_by_id(key_id) for key_id in set(key_ids)}
        missing = [key_id for key_id, key in held.items() if key is None]
        found = {key_id: key for key_id, key in held.items() if key is not None}
        if missing:
            keys = self._unwrap(self._rows(_with_their_siblings(missing)))
            found |= {key.key_id: key for key in keys if key.key_id in held}
        return found

    def destroyed(self, key_ids: Collection[str]) -> frozenset[str]:
        """Return which of these keys there were, and are no more.

        Raises:
            KeysUnavailableError: Try again.
        """
        column = data_keys.c
        query = select(column.key_id).where(column.key_id.in_(key_ids), column.wrapped.is_(None))
        return frozenset(row["key_id"] for row in self._rows(query))

    def is_destroyed(self, owner: str, record_class: RecordClass) -> bool:
        """Return whether an owner's key was destroyed; what is at hand is not believed.

        Another process may have destroyed it. That it did is kept in mind, as long as a key is: a
        customer who comes back has a new one.

        Raises:
            KeysUnavailableError: Try again.
        """
        if self._clock() < self._gone.get((owner, record_class), -math.inf):
            return True
        column = data_keys.c
        query = select(column.wrapped.is_(None).label("gone")).where(
            column.owner == owner, column.record_class == record_class.value
        )
        rows = self._rows(query)
        if not rows or not rows[0]["gone"]:
            return False
        with self._lock:
            if len(self._gone) >= MOST_KEPT:
                self._gone.clear()
            self._gone[owner, record_class] = self._clock() + self._kept_s
        return True

    def open_by_id(self, key_id: str) -> AesKey:
        """Return a key by its id.

        Raises:
            KeyErasedError: It was destroyed.
            TamperedError: It was altered in the store; the log has an alarm.
            UnknownKeyError: There is none.
            KeysUnavailableError: Try again.
        """
        key = self.known_by_id(key_id)
        if key is not None:
            return key
        rows = self._rows(_with_their_siblings([key_id]))
        keys = {key.key_id: key for key in self._unwrap(rows)}
        if key_id in keys:
            return keys[key_id]
        if asked := [row for row in rows if row["key_id"] == key_id]:
            _require_erased(asked, {RecordClass(asked[0]["record_class"])})
            raise KeyErasedError("the key was destroyed")
        raise UnknownKeyError("there is no such key in this key store")

    def is_current(self) -> bool:
        """Return whether the key store's schema is the one that this code needs.

        Raises:
            KeysUnavailableError: It did not answer.
        """
        try:
            return keys_are_current(self._database)
        except CrmUnavailableError:
            raise KeysUnavailableError("the key store did not answer") from None

    def close(self) -> None:
        """Close the connections, and forget every key."""
        self._database.close()
        self._wrapper.close()
        with self._lock:
            self._by_owner.clear()
            self._by_id.clear()
            self._gone.clear()

    def forget(self, owners: Iterable[str]) -> None:
        """Keep no key of these owners at hand any longer."""
        gone = set(owners)
        with self._lock:
            for held in [held for held in self._by_owner if held[0] in gone]:
                key, _ = self._by_owner.pop(held)
                self._by_id.pop(key.key_id, None)

    def _fresh(self, held: tuple[AesKey, float] | None) -> AesKey | None:
        if held is None or self._clock() >= held[1]:
            return None
        return held[0]

    def _make(self, owner: str, classes: Collection[RecordClass]) -> list[RowMapping]:
        """Make keys, or take those that another process made meanwhile: one statement."""
        ids = {which: secrets.token_hex(16) for which in classes}
        plain = [
            PlainKey(key_name(key_id, owner, which), secrets.token_bytes(32))
            for which, key_id in ids.items()
        ]
        rows = [
            {
                "key_id": ids[which],
                "owner": owner,
                "record_class": which.value,
                "wrapped": wrapped.wrapped,
                "kek_version": wrapped.version,
                "created_at": _now(),
            }
            for which, wrapped in zip(ids, self._wrapper.wrap(plain), strict=True)
        ]
        try:
            return self._database.write(
                lambda connection: list(connection.execute(self._insert, rows).mappings())
            )
        except CrmUnavailableError:
            raise KeysUnavailableError("the key store did not answer") from None

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        try:
            return self._database.read(
                lambda connection: list(connection.execute(query).mappings())
            )
        except CrmUnavailableError:
            raise KeysUnavailableError("the key store did not answer") from None

    def _unwrap(self, rows: Sequence[RowMapping]) -> list[AesKey]:
        """Return the keys of rows that are neither destroyed nor altered, and keep them at hand."""
        alive = [row for row in rows if row["wrapped"] is not None]
        wrapped = [
            WrappedKey(
                key_name(row["key_id"], row["owner"], row["record_class"]),
                row["wrapped"],
                row["kek_version"],
            )
            for row in alive
        ]
        keys = [
            AesKey(row["key_id"], row["owner"], RecordClass(row["record_class"]), plain.material)
            for row, plain in zip(alive, self._plain(wrapped), strict=True)
            if plain is not None
        ]
        self._keep(keys)
        return keys

    def _plain(self, wrapped: Sequence[WrappedKey]) -> list[PlainKey | None]:
        """Unwrap keys; None for one that was altered, which spoils none of the others."""
        try:
            return list(self._wrapper.unwrap(wrapped))
        except TamperedError:
            if len(wrapped) > 1:
                half = len(wrapped) // 2
                return self._plain(wrapped[:half]) + self._plain(wrapped[half:])
        log.critical("key.tampered", key_id=wrapped[0].name.partition("|")[0])
        return [None]

    def _keep(self, keys: Iterable[AesKey]) -> None:
        until = self._clock() + self._kept_s
        with self._lock:
            if len(self._by_id) >= MOST_KEPT:
                self._by_id.clear()
                self._by_owner.clear()
            for key in keys:
                self._by_id[key.key_id] = key, until
                self._by_owner[key.owner, key.record_class] = key, until


def open_keyring(
    url: str, key_encryption: str | KeyEncryption, *, pool_size: int = 5
) -> SqlKeyring:
    """Return the keyring on a key store.

    Args:
        url: The key store's database.
        key_encryption: What wraps its keys, e.g. `local:FILE`.
        pool_size: Connections.

    Raises:
        KeysUnavailableError: What wraps the keys cannot be opened.
    """
    return SqlKeyring(Database(url, Limits(pool_size=pool_size)), open_wrapper(key_encryption))


def _require_erased(rows: Sequence[RowMapping], classes: Collection[RecordClass]) -> None:
    """Tell a key that was altered from one that was destroyed."""
    alive = {RecordClass(row["record_class"]) for row in rows if row["wrapped"] is not None}
    if altered := alive & set(classes):
        raise TamperedError(f"the key of class {min(altered)} does not open")


def _with_their_siblings(key_ids: Sequence[str]) -> Select[Any]:
    asked = data_keys.alias("asked")
    owners = select(asked.c.owner).where(asked.c.key_id.in_(key_ids))
    return select(data_keys).where(data_keys.c.owner.in_(owners))
