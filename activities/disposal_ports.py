"""What disposal needs from the outside: holds and keys, records, histories."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from activities.ports import PortError
from sop.disposal import (
    Disposable,
    Disposal,
    Due,
    DueQuestion,
    ErasureOrder,
    Hold,
    Kept,
    RetentionOrder,
)
from sop.keys import RecordClass
from sop.models import Payload


class HistoriesUnavailableError(PortError):
    """Temporal did not answer; trying again may work."""


class Destroyed(Payload):
    """What became of an owner's keys.

    Attributes:
        classes: Those that are destroyed now; none where there is a hold.
        holds: The holds that kept them.
    """

    classes: tuple[RecordClass, ...] = ()
    holds: tuple[str, ...] = ()


class Forgotten(Payload):
    """How many histories were deleted, and the cases of which a workflow still runs."""

    histories: dict[str, int] = {}
    running: tuple[str, ...] = ()


class HoldsPort(Protocol):
    """Legal holds. Each method raises KeysUnavailableError without an answer: try again."""

    def place_hold(self, hold_id: str, scopes: Collection[str], at: datetime) -> None:
        """Hold scopes: case ids or `customer-<id>`. From its return on nothing of them goes.

        Repeating it changes nothing; a hold that was released is placed anew.
        """
        ...

    def release_hold(self, hold_id: str, at: datetime) -> bool:
        """Release a hold in all its scopes; return whether there was one in force."""
        ...

    def holds(self, scope: str) -> tuple[Hold, ...]:
        """Return the holds in force on a scope."""
        ...

    def all_holds(self) -> tuple[Hold, ...]:
        """Return every hold that was ever placed, the newest first."""
        ...


class KeyDisposalPort(HoldsPort, Protocol):
    """Destroys data keys, unless a hold stands against it."""

    def destroy(
        self,
        owner: str,
        classes: Collection[RecordClass],
        *,
        customer_id: str | None,
        certificate_id: str,
        at: datetime,
    ) -> Destroyed:
        """Destroy keys for good, in the transaction that sees that there is no hold.

        Raises:
            KeysUnavailableError: Try again; what was destroyed, is.
        """
        ...

    def destroy_customer(self, customer_id: str) -> Destroyed:
        """Delete the keys of a customer's own record; a returning customer gets new ones."""
        ...

    def still_open(self, owner: str, classes: Collection[RecordClass]) -> tuple[RecordClass, ...]:
        """Return the classes of which a key still works: after `destroy` there is none."""
        ...


class RecordsPort(Protocol):
    """The records of closed cases in the CRM; raises CrmUnavailableError: try again."""

    def due(self, question: DueQuestion) -> Due:
        """Return what is due, the oldest first."""
        ...

    def of_customer(self, order: ErasureOrder) -> tuple[Disposable, ...]:
        """Return every class of every closed case of a customer that has not gone yet."""
        ...

    def open_of_customer(self, order: ErasureOrder) -> tuple[Kept, ...]:
        """Return a customer's cases that are not closed."""
        ...

    def disposed(self, certificate_id: str) -> Disposal | None:
        """Return what a certificate says; None if there is none."""
        ...

    def dispose(
        self, order: RetentionOrder, kept: Sequence[Kept], counts: dict[str, int], kind: str
    ) -> Disposal:
        """Delete the records of an order's items, and file the certificate: one transaction.

        Repeating it returns what the certificate says.
        """
        ...

    def has_records(self, customer_id: str) -> bool:
        """Return whether a customer's own record is there."""
        ...

    def file(self, certificate_id: str, kind: str, body: str, at: datetime) -> None:
        """File a certificate that lists no case, once."""
        ...


class HistoriesPort(Protocol):
    """Temporal's histories of cases. Raises HistoriesUnavailableError: try again."""

    async def forget(self, case_ids: Collection[str]) -> Forgotten:
        """Delete the histories of cases, of their escalations and of all their runs.

        What still runs is left alone. Repeating it deletes what was left.
        """
        ...

    async def remember(self, case_ids: Collection[str]) -> tuple[str, ...]:
        """Return the cases of which Temporal still shows something: a deletion takes its time."""
        ...
