"""What privacy requests need from the outside: the person's records, exports, the cases' ends."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple, Protocol

from activities.ports import PortError
from sop.models import Payload
from sop.privacy.export import Dossier


class TemporalUnavailableError(PortError):
    """Temporal did not answer; trying again may work."""


class OpenCase(NamedTuple):
    """A case that is not closed, and the inquiry from which it was opened."""

    case_id: str
    inquiry_id: str | None = None


class PersonPort(Protocol):
    """Everything that is kept of one person; raises CrmUnavailableError: try again."""

    def dossier(self, request_id: str, customer_id: str, at: datetime) -> Dossier:
        """Return every record of a person, and what is withheld of it and why."""
        ...

    def theirs(self, customer_id: str, case_ids: Collection[str]) -> frozenset[str]:
        """Return which inquiries and handoffs are a person's, or what is left of them is."""
        ...

    def open_cases(self, customer_id: str, request_id: str) -> tuple[OpenCase, ...]:
        """Return a person's inquiries and handoffs that were open when a request was released."""
        ...

    def open_audits(self, customer_id: str) -> tuple[str, ...]:
        """Return the ids of the duties about a person's cases that nobody has done yet."""
        ...


class ExportPort(Protocol):
    """The documents of exports, each sealed with a key of its own.

    Each method raises KeysUnavailableError or CrmUnavailableError without an answer: try again.
    """

    def keep(self, request_id: str, document: bytes, at: datetime) -> None:
        """Seal a document and keep it; a later one takes its place."""
        ...

    def fetch(self, request_id: str) -> bytes | None:
        """Return a document; None where there is none, or none any more."""
        ...

    def destroy(self, request_id: str, at: datetime) -> None:
        """Destroy a document and its key."""
        ...


class RestrictPort(Protocol):
    """What is kept for the law's sake only: the desk reads it no more."""

    def restrict(self, request_id: str, case_ids: Collection[str], at: datetime) -> None:
        """Restrict cases, once; raises CrmUnavailableError: try again."""
        ...


class EndPort(Protocol):
    """Ends cases that are still open."""

    async def end(self, case_id: str) -> bool:
        """Have a case end in order; return whether it had to be terminated.

        Raises:
            TemporalUnavailableError: Try again.
        """
        ...

    async def is_open(self, case_id: str) -> bool:
        """Return whether a case's workflow still runs.

        Raises:
            TemporalUnavailableError: Try again.
        """
        ...


class PrivacyJob(Payload):
    """A piece of work for a privacy request.

    Attributes:
        cases: What it is about; none: everything of the customer.
        holds: The holds that kept something of an erasure.
    """

    request_id: str
    customer_id: str
    cases: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    at: datetime
