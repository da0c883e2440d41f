"""Privacy requests as the API shows them."""

from urllib.parse import urlencode

from fastapi import Request

from api import presenting
from api.parts import Parts
from api.schemas import privacy as s
from api.schemas.inquiries import PageLinks
from api.schemas.steps import PrivacyReceipt
from api.schemas.values import shown
from sop import messages
from sop.privacy import records


def detail(parts: Parts, record: records.PrivacyDetail) -> s.PrivacyRequestView:
    """Return a request."""
    return s.PrivacyRequestView.model_validate(
        {
            **shown(record, parts.desk),
            "remaining": [shown(part, parts.desk) for part in record.remaining],
            "links": presenting.links(parts, record.request_id),
        }
    )


def unrecorded(parts: Parts, request_id: str) -> s.UnrecordedRequest:
    """Return a request that the CRM does not have yet."""
    links = presenting.links(parts, request_id)
    return s.UnrecordedRequest(request_id=request_id, links=links)


def page(parts: Parts, request: Request, found: records.PrivacyPage) -> s.PrivacyRequestPage:
    """Return a page of requests with the way to the next one."""
    query = {**request.query_params, "cursor": found.next_cursor}
    following = f"{presenting.PRIVACY_REQUESTS}?{urlencode(query)}" if found.next_cursor else None
    return s.PrivacyRequestPage(
        requests=[detail(parts, each) for each in found.requests],
        next_cursor=found.next_cursor,
        links=PageLinks(next=following),
    )


def receipt(parts: Parts, answer: messages.Receipt) -> PrivacyReceipt:
    """Return what a step did."""
    return PrivacyReceipt.model_validate(shown(answer, parts.desk))
