"""Wraps every data key anew, with the current version of the key-encryption key.

Nothing stands still for it. What the keys have sealed is not touched, whoever has a key at hand
goes on with it, and whoever reads its row finds it wrapped by the old version or by the new one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import RowMapping, bindparam, func, select, update

from activities.key_ports import KeysUnavailableError, TamperedError
from activities.ports import CrmUnavailableError
from adapters.database import Database
from adapters.key_tables import data_keys
from adapters.key_wrapping import KeyWrapper, WrappedKey, key_name

T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

BATCH = 500
ATTEMPTS = 5
_PAUSE_S = 0.2

_alive = data_keys.c.wrapped.is_not(None)
_put = (
    update(data_keys)
    # A key that was destroyed meanwhile, or wrapped anew by another process, stays as it is.
    .where(data_keys.c.key_id == bindparam("of"), data_keys.c.wrapped == bindparam("before"))
    .values(wrapped=bindparam("after"), kek_version=bindparam("version"))
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a key store stands.

    Attributes:
        current: The version with which keys are wrapped now.
        versions: How many keys each version has wrapped; destroyed ones left out.
        destroyed: How many keys were destroyed.
    """

    current: str
    versions: Mapping[str, int]
    destroyed: int

    @property
    def old(self) -> int:
        """How many keys an older version has wrapped."""
        return sum(count for version, count in self.versions.items() if version != self.current)


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What came of it.

    Attributes:
        version: With which every key is wrapped now.
        done: How many keys were wrapped anew.
        refused: The ids of those that did not open: altered, or another key's.
    """

    version: str
    done: int
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Anew:
    before: WrappedKey
    after: WrappedKey


class Rewrapping:
    """Goes through a key store. It may be interrupted, repeated, and done by several at once."""

    def __init__(self, database: Database, wrapper: KeyWrapper) -> None:
        self._database = database
        self._wrapper = wrapper

    def standing(self) -> Standing:
        """Return how the key store stands.

        Raises:
            KeysUnavailableError: It, or the key-encryption key, did not answer.
        """
        query = select(data_keys.c.kek_version, _alive, func.count()).group_by(
            data_keys.c.kek_version, _alive
        )
        counts = self._patient(lambda: self._database.read(lambda c: c.execute(query).all()))
        return Standing(
            self._wrapper.current_version(),
            {version: count for version, alive, count in counts if alive},
            sum(count for _, alive, count in counts if not alive),
        )

    def run(self, tell: Callable[[int], None] = lambda _: None) -> Rewrapped:
        """Wrap all keys anew that another version has wrapped than the current one.

        Args:
            tell: Is told how many keys were wrapped anew, again and again.

        Raises:
            KeysUnavailableError: The key store or the key-encryption key is away. What is done is
                done; the next run does the rest.
        """
        version = self._wrapper.current_version()
        refused: list[str] = []
        done, last = 0, ""
        # From the beginning again, until nothing is found: a process that had not heard of the new
        # version may have made keys behind our back.
        while rows := self._next(version, last, refused):
            wrapped, failed = self._wrap_anew([_key_of(row) for row in rows])
            refused += failed
            for key_id in failed:
                log.error("key.tampered", key_id=key_id)
            done += self._put(wrapped)
            tell(done)
            last = rows[-1]["key_id"] if len(rows) == BATCH else ""
            version = (
                wrapped[-1].after.version if wrapped else version
            )  # another process may rotate, too
        return Rewrapped(version, done, tuple(refused))

    def _next(self, version: str, last: str, refused: Sequence[str]) -> Sequence[RowMapping]:
        query = (
            select(data_keys)
            .where(_alive, data_keys.c.kek_version != version, data_keys.c.key_id > last)
            .where(data_keys.c.key_id.not_in(refused))
            .order_by(data_keys.c.key_id)
            .limit(BATCH)
        )
        return self._patient(
            lambda: self._database.read(lambda c: c.execute(query).mappings().all())
        )

    def _wrap_anew(self, keys: Sequence[WrappedKey]) -> tuple[list[_Anew], list[str]]:
        """Return the keys wrapped anew, and the ids of those that do not open."""
        try:
            wrapped = self._wrapper.wrap(self._wrapper.unwrap(keys))
        except TamperedError:
            if len(keys) == 1:
                return [], [_id_of(keys[0])]
            half = len(keys) // 2
            anew, failed = self._wrap_anew(keys[:half])
            more_anew, more_failed = self._wrap_anew(keys[half:])
            return anew + more_anew, failed + more_failed
        return [_Anew(before, after) for before, after in zip(keys, wrapped, strict=True)], []

    def _put(self, anew: Sequence[_Anew]) -> int:
        """Write, and return how many keys were as they had been read."""
        if not anew:
            return 0
        values = [
            {
                "of": _id_of(key.before),
                "before": key.before.wrapped,
                "after": key.after.wrapped,
                "version": key.after.version,
            }
            for key in anew
        ]
        return self._patient(
            lambda: self._database.write(lambda c: c.execute(_put, values).rowcount)
        )

    def _patient(self, do: Callable[[], T]) -> T:
        """Do something with the key store; a lock that is held is waited for."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return do()
            except CrmUnavailableError:
                if attempt < ATTEMPTS:
                    time.sleep(_PAUSE_S * attempt)
        raise KeysUnavailableError("the key store did not answer")


def _key_of(row: RowMapping) -> WrappedKey:
    name = key_name(row["key_id"], row["owner"], row["record_class"])
    return WrappedKey(name, row["wrapped"], row["kek_version"])


def _id_of(key: WrappedKey) -> str:
    return key.name.partition("|")[0]
