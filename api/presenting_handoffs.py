"""Handoffs, their registers and their brief as the API shows them."""

from urllib.parse import urlencode

from fastapi import Request

from api import presenting
from api.parts import Parts
from api.schemas.briefs import BriefView
from api.schemas.handoffs import (
    Confirmations,
    ConfirmationView,
    HandoffDetail,
    HandoffLinks,
    HandoffPage,
    HandoffSummary,
    Reports,
    ReportView,
    UnrecordedHandoff,
    Verifications,
    VerificationView,
)
from api.schemas.inquiries import PageLinks
from api.schemas.steps import HandoffReceipt
from api.schemas.values import shown
from sop import messages
from sop.handoff import records
from sop.handoff.brief_models import Brief, BriefInquiry
from sop.registers import HandoffConfirmation, IncidentReport, VerificationRecord


def links(parts: Parts, case_id: str) -> HandoffLinks:
    """Return where to go from a handoff."""
    page = presenting.page_of(case_id)
    return HandoffLinks(
        **presenting.links(parts, case_id).model_dump(),
        brief=f"{page}/brief",
        confirmations=f"{page}/confirmations",
    )


def detail(parts: Parts, record: records.HandoffDetail) -> HandoffDetail:
    """Return a handoff, whole."""
    customer = record.customer.model_dump()
    return HandoffDetail.model_validate({**_shown(parts, record), "customer": customer})


def unrecorded(parts: Parts, case_id: str) -> UnrecordedHandoff:
    """Return a handoff that the CRM does not have yet."""
    return UnrecordedHandoff(case_id=case_id, links=links(parts, case_id))


def page(parts: Parts, request: Request, found: records.HandoffPage) -> HandoffPage:
    """Return a page of handoffs with the way to the next one."""
    cursor = found.next_cursor
    query = {**request.query_params, "cursor": cursor} if cursor else {}
    return HandoffPage(
        handoffs=[HandoffSummary.model_validate(_shown(parts, each)) for each in found.handoffs],
        next_cursor=cursor,
        links=PageLinks(next=f"{presenting.HANDOFFS}?{urlencode(query)}" if cursor else None),
    )


def receipt(parts: Parts, answer: messages.Receipt) -> HandoffReceipt:
    """Return what a step did."""
    return HandoffReceipt.model_validate(shown(answer, parts.desk))


def confirmations(parts: Parts, found: tuple[HandoffConfirmation, ...]) -> Confirmations:
    """Return the confirmations of a handoff."""
    return Confirmations(
        confirmations=[ConfirmationView.model_validate(shown(each, parts.desk)) for each in found]
    )


def verifications(parts: Parts, found: tuple[VerificationRecord, ...]) -> Verifications:
    """Return the verification log of a case."""
    return Verifications(
        verifications=[
            VerificationView.model_validate(
                {
                    **shown(each, parts.desk),
                    "forms": [form.model_dump() for form in each.forms],
                }
            )
            for each in found
        ]
    )


def reports(parts: Parts, found: tuple[IncidentReport, ...]) -> Reports:
    """Return the exception and incident reports of a case."""
    return Reports(reports=[ReportView.model_validate(shown(each, parts.desk)) for each in found])


def brief(parts: Parts, made: Brief) -> BriefView:
    """Return a brief."""
    said = {
        **shown(made, parts.desk),
        "items": [item.model_dump() for item in made.items],
        "done": [shown(line, parts.desk) for line in made.done],
        "deadlines": [shown(deadline, parts.desk) for deadline in made.deadlines],
        "inquiry": _inquiry(parts, made.inquiry) if made.inquiry else None,
    }
    return BriefView.model_validate(said)


def _inquiry(parts: Parts, inquiry: BriefInquiry) -> dict[str, object]:
    return {
        **shown(inquiry, parts.desk),
        "promises": [shown(promise, parts.desk) for promise in inquiry.promises],
        "done": [shown(line, parts.desk) for line in inquiry.done],
    }


def _shown(parts: Parts, record: records.HandoffSummary) -> dict[str, object]:
    return {
        **shown(record, parts.desk),
        "case_id": record.handoff_id,
        "items": [item.model_dump() for item in record.items],
        "links": links(parts, record.handoff_id),
    }
