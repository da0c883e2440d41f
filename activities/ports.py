"""What the activities need from the outside, in the procedures' words. Adapters implement these."""

from typing import Protocol

from sop.models import Payload, Role
from sop.outgoing import FlushBatch
from sop.registers import IncidentReport


class PortError(Exception):
    """A port did not do its work. `retryable` says whether trying again may help."""

    retryable = True


class CrmUnavailableError(PortError):
    """The CRM's database did not answer."""


class OnCallUnavailableError(PortError):
    """The page was not delivered."""


class FlushReceipt(Payload):
    """What a flush did.

    Attributes:
        written: Entries that were new.
        superseded: Entries that replaced one of a workflow task that was done again.
    """

    written: int = 0
    superseded: int = 0


class CrmPort(Protocol):
    """The system of record."""

    def flush(self, batch: FlushBatch) -> FlushReceipt:
        """Write a batch in one transaction; repeating it writes nothing.

        Raises:
            CrmUnavailableError: The database did not answer; trying again may work.
        """
        ...


class Page(Payload):
    """One page to a role. `page_id` is the key of its delivery; no personal data."""

    page_id: str
    case_id: str
    role: Role
    rung: str
    level: int
    text: str


class IncidentsUnavailableError(PortError):
    """The incident management system did not answer."""


class IncidentPort(Protocol):
    """The incident management system: another system in most companies (HOF-7.3)."""

    def file(self, report: IncidentReport) -> str:
        """File a report, once per `report_id`; return what it is called there.

        Raises:
            IncidentsUnavailableError: No answer; trying again may work.
        """
        ...


class OnCallPort(Protocol):
    """Reaches the people on call."""

    def page(self, page: Page) -> None:
        """Page a role, once per `page_id`.

        Raises:
            OnCallUnavailableError: Not delivered; trying again may work.
        """
        ...

    def cancel(self, page: Page) -> None:
        """Take back what was paged for this rung: the case no longer needs it."""
        ...
