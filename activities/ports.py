"""What the activities need from the outside, in the procedures' words. Adapters implement these."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from sop.models import Payload, Principal, Role
from sop.outgoing import FlushBatch
from sop.registers import IncidentReport
from sop.training import TrainingRecord


class PortError(Exception):
    """A port did not do its work. `retryable` says whether trying again may help."""

    retryable = True


class CrmUnavailableError(PortError):
    """The CRM's database did not answer."""


class OnCallUnavailableError(PortError):
    """The page was not delivered."""


class MailUnavailableError(PortError):
    """The mail was not taken: the mail server or the database did not answer."""


class NoRecipientKeyError(PortError):
    """The receiving party has no valid certificate on file: nothing is sent (HOF-4.2.4)."""

    retryable = False


class NotEncryptedError(PortError):
    """The message is not encrypted as it must be: it is not sent (HOF-4.2.4)."""

    retryable = False


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


class SecureMail(Payload):
    """An e-mail to a receiving party, to be encrypted. `message_id` is the key of its delivery.

    Attributes:
        subject: Of the encrypted part; the outside says only which case it is about.
        body: Plain text: the brief, and the list of items. It leaves the house encrypted only.
    """

    message_id: str
    case_id: str
    party: Principal
    subject: str
    body: str


class MailReceipt(Payload):
    """How a mail was sent.

    Attributes:
        key_id: The certificate that it was encrypted to.
        cipher: How its content was encrypted.
        delivered: A mail server took it; False: it is in the outbox, and others carry it.
    """

    message_id: str
    key_id: str
    cipher: str
    delivered: bool = False


class SecureMailPort(Protocol):
    """Sends e-mail to receiving parties, encrypted or not at all (HOF-4.2.4, HOF-5.2)."""

    def send(self, mail: SecureMail) -> MailReceipt:
        """Encrypt a mail to the party's certificate and send it, once per `message_id`.

        Raises:
            NoRecipientKeyError: The party has no valid certificate on file.
            NotEncryptedError: The message was not encrypted as it must be; it was not sent.
            MailUnavailableError: Not sent; trying again may work.
        """
        ...

    def has_key(self, party: str) -> bool:
        """Return whether a party has a valid certificate on file.

        Raises:
            MailUnavailableError: The store did not answer.
        """
        ...


class DutySource(Protocol):
    """What the schedules ask the CRM before they open duties (INQ-8, HOF-6).

    Each method raises CrmUnavailableError without an answer; trying again may work.
    """

    def knows_another_version(self, version: str) -> bool:
        """Return whether anything was begun under another version of the policy."""
        ...

    def latest_trainings(self) -> tuple[TrainingRecord, ...]:
        """Return the latest training of each person and course."""
        ...

    def closed_between(self, begins: datetime, ends: datetime) -> tuple[str, ...]:
        """Return the ids of the inquiries and handoffs that closed from `begins` before `ends`."""
        ...

    def handlers_of(self, case_id: str) -> tuple[str, ...]:
        """Return who has an entry in a case's journal, its escalations' included."""
        ...

    def opened_among(self, duty_ids: Collection[str]) -> frozenset[str]:
        """Return which of these duties were opened before."""
        ...

    def opened_like(self, prefix: str) -> frozenset[str]:
        """Return the duties that were opened before and whose id begins like this."""
        ...

    def trained_from(self, principal: str, course: str, moment: datetime) -> bool:
        """Return whether a person has a training in a course, completed then or later."""
        ...
