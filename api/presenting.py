"""Records of the CRM and receipts of the cases as the API shows them."""

from urllib.parse import urlencode

from fastapi import Request

from api.parts import Parts
from api.schemas.desk import PolicyView, TaskList, TaskView
from api.schemas.identity import FormView, Identified, IdentityRecord
from api.schemas.inquiries import (
    Escalations,
    EscalationView,
    HandoffOfInquiry,
    InquiryDetail,
    InquiryPage,
    InquirySummary,
    Links,
    PageLinks,
    Timeline,
    TimelineEntryView,
    UnrecordedInquiry,
)
from api.schemas.steps import Receipt
from api.schemas.values import shown
from sop import messages
from sop.evidence import FormOnRecord
from sop.handoff.records import HandoffSummary
from sop.models import EscalationRecord, TaskRecord, VerificationOutcome
from sop.policy import Policy
from sop.records import CaseDetail, CasePage, CaseSummary, TimelineEntry
from sop.standing import CaseKind, kind_of

INQUIRIES = "/v1/inquiries"
HANDOFFS = "/v1/handoffs"
INCIDENTS = "/v1/incidents"
INCIDENT_REPORTS = "/v1/incident-reports"
PRIVACY_REQUESTS = "/v1/privacy-requests"

_PAGES = {
    CaseKind.INQUIRY: INQUIRIES,
    CaseKind.HANDOFF: HANDOFFS,
    CaseKind.INCIDENT: INCIDENTS,
    CaseKind.PRIVACY: PRIVACY_REQUESTS,
}


def page_of(case_id: str) -> str:
    """Return the address of a case of whichever kind."""
    return f"{_PAGES[kind_of(case_id) or CaseKind.INQUIRY]}/{case_id}"


def links(parts: Parts, case_id: str) -> Links:
    """Return where to go from a case."""
    page = page_of(case_id)
    return Links(
        self=page,
        timeline=f"{page}/timeline",
        escalations=f"{page}/escalations",
        certificate=f"{page}/certificate",
        explanation=f"{page}/explanation",
        temporal=parts.cases.link(case_id),
    )


def detail(parts: Parts, record: CaseDetail, handoffs: tuple[HandoffSummary, ...]) -> InquiryDetail:
    """Return a case, whole, with the handoffs that were opened from it."""
    return InquiryDetail.model_validate(
        {
            **shown(record, parts.desk),
            "customer": record.customer.model_dump(),
            "handoffs": [_handoff(parts, handoff) for handoff in handoffs],
            "links": links(parts, record.case_id),
        }
    )


def unrecorded(parts: Parts, case_id: str) -> UnrecordedInquiry:
    """Return a case that the CRM does not have yet."""
    return UnrecordedInquiry(case_id=case_id, links=links(parts, case_id))


def page(parts: Parts, request: Request, found: CasePage) -> InquiryPage:
    """Return a page of cases with the way to the next one."""
    cursor = found.next_cursor
    query = {**request.query_params, "cursor": cursor} if cursor else {}
    return InquiryPage(
        cases=[_summary(parts, record) for record in found.cases],
        next_cursor=cursor,
        links=PageLinks(next=f"{INQUIRIES}?{urlencode(query)}" if cursor else None),
    )


def timeline(parts: Parts, entries: tuple[TimelineEntry, ...]) -> Timeline:
    """Return the journal of a case."""
    return Timeline(
        entries=[
            TimelineEntryView.model_validate(
                {**shown(entry, parts.desk), "actor": entry.actor.model_dump()}
            )
            for entry in entries
        ]
    )


def escalations(parts: Parts, records: tuple[EscalationRecord, ...]) -> Escalations:
    """Return the escalations of a case."""
    return Escalations(escalations=[_escalation(parts, record) for record in records])


def tasks(parts: Parts, records: tuple[TaskRecord, ...]) -> TaskList:
    """Return tasks for staff."""
    return TaskList(
        tasks=[
            TaskView.model_validate(
                {**shown(record, parts.desk), "links": links(parts, record.case_id)}
            )
            for record in records
        ]
    )


def receipt(parts: Parts, answer: messages.Receipt) -> Receipt:
    """Return what a step did."""
    return Receipt.model_validate(shown(answer, parts.desk))


def policy(in_force: Policy) -> PolicyView:
    """Return a policy with the matrix of each procedure beside its rules."""
    handoff, incident, duty = in_force.handoff, in_force.incident, in_force.duty
    privacy = in_force.privacy
    training = {
        "valid_for": in_force.training_valid_for,
        "warn_before": in_force.training_warn_before,
        "courses": in_force.courses,
    }
    return PolicyView.model_validate(
        {
            **dict(in_force.case),
            "effective_from": in_force.effective_from,
            "handoff": handoff and {**dict(handoff.handoff), "escalation": handoff.escalation},
            "incident": incident and {**dict(incident.incident), "escalation": incident.escalation},
            "duty": duty and {"escalation": duty.escalation},
            "privacy": privacy and {**dict(privacy.privacy), "escalation": privacy.escalation},
            "audit": in_force.audit,
            "training": training,
            "review": {"every": in_force.review_every, "within": in_force.review_within},
            "retention": in_force.retention,
        }
    )


def identity_record(
    parts: Parts, customer_id: str, kept: tuple[FormOnRecord, ...]
) -> IdentityRecord:
    """Return which forms a customer can be compared with."""
    return IdentityRecord(
        customer_id=customer_id,
        forms=[FormView.model_validate(shown(form, parts.desk)) for form in kept],
    )


def identified(parts: Parts, answer: messages.Receipt) -> Identified:
    """Return what an identity check found; where nothing is said of it, nothing was verified."""
    found = answer.verification or VerificationOutcome.NOT_VERIFIED
    return Identified.model_validate({**shown(answer, parts.desk), "verification": found})


def _summary(parts: Parts, record: CaseSummary) -> InquirySummary:
    return InquirySummary.model_validate(
        {**shown(record, parts.desk), "links": links(parts, record.case_id)}
    )


def _handoff(parts: Parts, record: HandoffSummary) -> HandoffOfInquiry:
    said = shown(record, parts.desk)
    name = record.handoff_id
    return HandoffOfInquiry.model_validate({**said, "case_id": name, "page": page_of(name)})


def _escalation(parts: Parts, record: EscalationRecord) -> EscalationView:
    # A number: the durations of JSON Schema have no fractions of a second.
    lateness_s = record.lateness.total_seconds() if record.lateness is not None else None
    return EscalationView.model_validate({**shown(record, parts.desk), "lateness_s": lateness_s})
