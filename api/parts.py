"""What the routes work with. `api.app` puts it together and opens it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from api.authentication import Credentials
from api.identifying import Identity
from api.rates import Rates
from api.readiness import Readiness
from runtime.case_errors import UnknownCaseError
from runtime.cases import Cases
from sop.access_log import AccessEntry, AccessFilter, AccessPage
from sop.duty.records import DutyFilter, DutyPage, DutyRecord
from sop.handoff.recipients import RecipientKey
from sop.handoff.records import HandoffDetail, HandoffFilter, HandoffPage, HandoffSummary
from sop.incident.records import (
    IncidentDetail,
    IncidentFilter,
    IncidentPage,
    ReportFilter,
    ReportPage,
)
from sop.models import Actor, EscalationRecord, TaskRecord
from sop.object_rules import ObjectFacts, Presence
from sop.policy import Desk
from sop.privacy.records import PrivacyDetail, PrivacyFilter, PrivacyPage
from sop.records import CaseDetail, CaseFilter, CasePage, TimelineEntry
from sop.registers import HandoffConfirmation, IncidentReport, VerificationRecord
from sop.standing import Standing
from sop.training import TrainingRecord


class CaseReads(Protocol):
    """What the CRM shows; each method raises CrmUnavailableError without an answer."""

    def case(self, case_id: str) -> CaseDetail | None:
        """Return a case with its text and customer; None if there is none."""
        ...

    def facts(self, case_id: str) -> ObjectFacts | None:
        """Return what decides who may do what in a case of any kind; None if there is none."""
        ...

    def presence(self, case_id: str) -> Presence:
        """Return whether there is a case of any kind, or was, and whether it is restricted."""
        ...

    def cases(self, wanted: CaseFilter, *, cursor: str | None = None, limit: int = 200) -> CasePage:
        """Return a page of cases, the next deadline first.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...

    def standing(self, case_id: str) -> Standing | None:
        """Return how an inquiry, a handoff or an incident stands; None if there is none."""
        ...

    def timeline(self, case_id: str) -> tuple[TimelineEntry, ...]:
        """Return everything that happened in a case, its escalations included, in order."""
        ...

    def escalations(self, *, case_id: str | None = None) -> tuple[EscalationRecord, ...]:
        """Return the rungs of a case that fired."""
        ...

    def tasks(
        self,
        *,
        open_only: bool = True,
        assignee: str | None = None,
        case_id: str | None = None,
        own_of: str | None = None,
    ) -> tuple[TaskRecord, ...]:
        """Return the tasks for staff, by the moment at which they are due."""
        ...


class HandoffReads(Protocol):
    """What the CRM shows of handoffs; each method raises CrmUnavailableError without an answer."""

    def handoff(self, handoff_id: str) -> HandoffDetail | None:
        """Return a handoff with its texts and customer; None if there is none."""
        ...

    def receiving_party(self, handoff_id: str) -> str | None:
        """Return whose handoff it is now; None if the CRM has none of this id."""
        ...

    def handoffs(
        self, wanted: HandoffFilter, *, cursor: str | None = None, limit: int = 200
    ) -> HandoffPage:
        """Return a page of handoffs, the next deadline first.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...

    def of_inquiry(self, inquiry_id: str) -> tuple[HandoffSummary, ...]:
        """Return the handoffs that were opened from an inquiry, the oldest first."""
        ...

    def confirmations(self, case_id: str) -> tuple[HandoffConfirmation, ...]:
        """Return the confirmations of a handoff (HOF-7.2)."""
        ...

    def verifications(self, case_id: str) -> tuple[VerificationRecord, ...]:
        """Return the customer verification log of a case (HOF-7.1)."""
        ...

    def reports(self, case_id: str) -> tuple[IncidentReport, ...]:
        """Return the exception and incident reports of a case (HOF-7.3)."""
        ...


class DutyReads(Protocol):
    """What the CRM shows of duties; each method raises CrmUnavailableError without an answer."""

    def duty(
        self, duty_id: str, own_of: Actor | None = None, *, restricted: bool = False
    ) -> DutyRecord | None:
        """Return a duty; None if there is none, or none that exists for `own_of`.

        `restricted` says whether what an erasure had to leave is shown.
        """
        ...

    def duties(
        self, wanted: DutyFilter, *, cursor: str | None = None, limit: int = 200
    ) -> DutyPage:
        """Return a page of duties, the next deadline first.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...


class IncidentReads(Protocol):
    """What the CRM shows of incidents and reports; each raises CrmUnavailableError."""

    def incident(self, incident_id: str) -> IncidentDetail | None:
        """Return an incident; None if there is none."""
        ...

    def incidents(
        self, wanted: IncidentFilter, *, cursor: str | None = None, limit: int = 200
    ) -> IncidentPage:
        """Return a page of incidents, the next deadline first.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...

    def reports(
        self, wanted: ReportFilter, *, cursor: str | None = None, limit: int = 200
    ) -> ReportPage:
        """Return a page of reports with their references, the oldest first (HOF-7.3).

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...


class PrivacyReads(Protocol):
    """What the CRM shows of privacy requests; each raises CrmUnavailableError."""

    def request(self, request_id: str) -> PrivacyDetail | None:
        """Return a request; None if there is none."""
        ...

    def requests(
        self, wanted: PrivacyFilter, *, cursor: str | None = None, limit: int = 200
    ) -> PrivacyPage:
        """Return a page of requests, the next deadline first.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...


class Exports(Protocol):
    """The documents of exports."""

    def fetch(self, request_id: str) -> bytes | None:
        """Return a document; None where there is none, or none any more.

        Raises:
            CrmUnavailableError: Try again.
            KeysUnavailableError: Try again.
        """
        ...


class AccessRecords(Protocol):
    """The access log; each method raises CrmUnavailableError without an answer."""

    def record(self, entries: Sequence[AccessEntry]) -> None:
        """Write entries, all of them or none."""
        ...

    def page(
        self, wanted: AccessFilter, *, cursor: str | None = None, limit: int = 200
    ) -> AccessPage:
        """Return a page of entries, the oldest first.

        Raises:
            InvalidValueError: The cursor is none of ours.
        """
        ...


class TrainingRecords(Protocol):
    """The trainings of the staff; each method raises CrmUnavailableError without an answer."""

    def record(self, record: TrainingRecord) -> TrainingRecord:
        """Record a training, once; return what is on record."""
        ...

    def of(self, principal: str) -> tuple[TrainingRecord, ...]:
        """Return one person's trainings, the latest first."""
        ...

    def latest(self, *, completed_after: datetime | None = None) -> tuple[TrainingRecord, ...]:
        """Return the latest training of each person and course."""
        ...


class Recipients(Protocol):
    """The certificates of receiving parties; each raises CrmUnavailableError without an answer."""

    def add(self, party: str, pem: str, *, address: str | None, added_by: str) -> RecipientKey:
        """Put a certificate on file; from now on it is the party's.

        Raises:
            InvalidValueError: It cannot keep a message secret, is not valid now, or was revoked.
        """
        ...

    def list(self, party: str | None = None) -> tuple[RecipientKey, ...]:
        """Return a party's certificates, the newest first."""
        ...

    def revoke(self, party: str) -> bool:
        """Let nothing be encrypted to any certificate of a party; False: it has none on file."""
        ...

    def has_key(self, party: str) -> bool:
        """Return whether a message could be encrypted to a party now."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """One process's parts: one Temporal client behind `cases`, one engine behind the others."""

    cases: Cases
    reads: CaseReads
    handoffs: HandoffReads
    duties: DutyReads
    incidents: IncidentReads
    privacy: PrivacyReads
    exports: Exports
    access_log: AccessRecords
    training: TrainingRecords
    credentials: Credentials
    rates: Rates
    recipients: Recipients
    readiness: Readiness
    identity: Identity

    @property
    def desk(self) -> Desk:
        """The desk in whose time zone times are shown."""
        return self.cases.policy.case.desk


def parts_of(conn: HTTPConnection) -> Parts:
    """Return the parts of the application that serves a request."""
    opened = conn.app.state.parts
    if not isinstance(opened, Parts):
        raise TypeError("the application's lifespan has not opened its parts")
    return opened


async def is_known(parts: Parts, case_id: str) -> bool:
    """Return whether the CRM knows a case, or Temporal does and the CRM will.

    It is for a case that the caller has access to; `Cases.exists_for` asks that, too.
    """
    presence = await run_in_threadpool(parts.reads.presence, case_id)
    return presence is not Presence.UNKNOWN or await parts.cases.exists(case_id)


async def require_known(parts: Parts, case_id: str) -> None:
    """Refuse a case that there is not.

    Raises:
        UnknownCaseError: Neither the CRM nor Temporal knows it.
    """
    if not await is_known(parts, case_id):
        raise UnknownCaseError(case_id)


async def _parts(conn: HTTPConnection) -> Parts:
    """Return the same to a route; a dependency that is no coroutine would take a thread for it."""
    return parts_of(conn)


WithParts = Annotated[Parts, Depends(_parts)]
