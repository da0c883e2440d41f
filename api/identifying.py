"""Identity checks on their way from the routes to the records: in threads, a few at a time."""

import asyncio
import hashlib
from typing import Protocol

from sop.evidence import Attempt, Checked, Factor, FormOnRecord
from sop.policy import IdentificationRule

AT_ONCE = 2
"""Each takes 46 MiB and a core for most of a tenth of a second, so that guessing is dear."""


class IdentityStore(Protocol):
    """Where customers' factors are kept; each method raises CrmUnavailableError unanswered."""

    def attempt(self, attempt: Attempt, rule: IdentificationRule) -> Checked:
        """Compare what a customer presents, and count that once per attempt id."""
        ...

    def is_counted(self, attempt_id: str) -> bool:
        """Return whether an attempt is on record."""
        ...

    def replace(self, customer_id: str, factors: tuple[Factor, ...]) -> tuple[FormOnRecord, ...]:
        """Put these factors in the place of a customer's; return which forms are on record.

        Raises:
            InvalidValueError: There are too many of a form, or a transaction does not end.
        """
        ...


class Identity:
    """Customers' identity records, as the routes use them."""

    def __init__(self, store: IdentityStore) -> None:
        """Use a store."""
        self._store = store
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def check(self, attempt: Attempt, rule: IdentificationRule) -> Checked:
        """Check a customer; errors are those of the store."""
        async with self._turn:
            return await asyncio.to_thread(self._store.attempt, attempt, rule)

    async def is_counted(self, attempt_id: str) -> bool:
        """Return whether an attempt is on record; errors are those of the store."""
        return await asyncio.to_thread(self._store.is_counted, attempt_id)

    async def replace(
        self, customer_id: str, factors: tuple[Factor, ...]
    ) -> tuple[FormOnRecord, ...]:
        """Replace a customer's factors; errors are those of the store."""
        async with self._turn:
            return await asyncio.to_thread(self._store.replace, customer_id, factors)


def attempt_id(principal: str, customer_id: str, case_id: str, key: str) -> str:
    """Return the id of an attempt: the same when a caller repeats a request with its key."""
    said = "\n".join((principal, customer_id, case_id, key))
    return hashlib.sha256(said.encode()).hexdigest()[:40]
