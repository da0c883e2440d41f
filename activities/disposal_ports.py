"""What disposal needs from the outside: holds and keys, records, histories."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from activities.ports import PortError
from sop.disposal import (
    AccessLogDisposal,
    AccessLogOrder,
    Disposable,
    Disposal,
    DisposalOrder,
    Due,
    DueQuestion,
    ErasureOrder,
    Hold,
    Kept,
    RetentionRun,
)
from sop.keys import RecordClass
from sop.models import Payload


class HistoriesUnavailableError(PortError):
    """Temporal did not answer; trying again may work."""


class HistoriesStillShownError(PortError):
    """Temporal has not deleted yet what it was told to; looking again may find it gone."""


class Destroyed(Payload):
    """What became of an owner's keys.

    Attributes:
        classes: Those that are destroyed now, and how many keys of each were under this
            certificate: 0 where there never was one. Empty where there is a hold.
        holds: The holds that kept them.
    """

    classes: dict[RecordClass, int] = {}
    holds: tuple[str, ...] = ()


class CustomersGone(Payload):
    """How many customers' own records went, and behind whom to go on; None: nobody is left."""

    gone: int = 0
    behind: str | None = None


Standing = Callable[[], AbstractContextManager[Mapping[str, tuple[str, ...]]]]
"""`KeyDisposalPort.standing`."""


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
        about: Collection[str] = (),
        certificate_id: str,
        at: datetime,
    ) -> Destroyed:
        """Destroy keys for good, in the transaction that sees that there is no hold.

        A hold on the customer, or on a case that the owner belongs to (`about`), is one on it.

        Raises:
            KeysUnavailableError: Try again; what was destroyed, is.
        """
        ...

    def destroy_customer(self, customer_id: str) -> bool:
        """Destroy the keys of a customer's own record; a returning customer gets new ones.

        Returns False, and destroys nothing, where a hold stands on the customer.
        """
        ...

    def standing(self) -> AbstractContextManager[Mapping[str, tuple[str, ...]]]:
        """Yield the holds in force, by scope; nobody places another until this is left.

        Raises:
            KeysUnavailableError: Try again.
        """
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
        """Return what must be closed before it can go."""
        ...

    def certified(self, certificate_id: str) -> Disposal | None:
        """Return what an order's certificate says; None if it was not carried out yet."""
        ...

    def dispose(self, order: DisposalOrder, let_go: Callable[[str], bool]) -> Disposal:
        """Delete the records of an order's items and file the certificate, in one transaction.

        Repeating it changes nothing, and returns what the certificate says. What the database
        refuses is kept, and does not stop the others.

        Args:
            order: Its items' keys are destroyed, its histories deleted.
            let_go: Destroys the keys of a customer's own record; False: there is a hold, and the
                record stays.
        """
        ...

    def dispose_of_entries(self, order: AccessLogOrder, standing: Standing) -> AccessLogDisposal:
        """Delete entries of the access log whose time is over, in one transaction: a batch.

        Repeating it changes nothing, and returns what the certificate says. What the database
        refuses stays, and is told.
        """
        ...

    def dispose_of_customers(self, after: str, let_go: Callable[[str], bool]) -> CustomersGone:
        """Delete own records of customers who have no case any more: a batch behind `after`."""
        ...

    def open_cases(self) -> frozenset[str]:
        """Return the cases that are not closed, of every kind."""
        ...

    def file_run(self, run: RetentionRun) -> None:
        """File the certificate of a run, once."""
        ...


class HistoriesPort(Protocol):
    """Temporal's histories of cases. Raises HistoriesUnavailableError: try again."""

    async def running(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return the cases of which a workflow runs: the case's own, or an escalation."""
        ...

    async def without_workflow(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return the cases of which no workflow runs; for many cases cheaper than `running`."""
        ...

    async def forget(self, case_ids: Collection[str]) -> Mapping[str, int]:
        """Delete the histories of cases, of their escalations and of all their runs.

        Returns how many of each case. What runs is left alone; repeating it deletes what was
        left. A deletion that was accepted is seen up to a minute later.
        """
        ...

    async def remembered(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return the cases of which Temporal still shows something."""
        ...
