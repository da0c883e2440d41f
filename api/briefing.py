"""The brief of a handoff, put together from what the CRM shows."""

from api.parts import CaseReads, HandoffReads
from sop.handoff.brief import make_brief
from sop.handoff.brief_models import Brief
from sop.policy import Desk


def collect_brief(
    handoffs: HandoffReads, reads: CaseReads, desk: Desk, handoff_id: str
) -> Brief | None:
    """Return the brief of a handoff; None where the CRM has no such handoff.

    Raises:
        CrmUnavailableError: The CRM did not answer.
    """
    handoff = handoffs.handoff(handoff_id)
    if handoff is None:
        return None
    inquiry = reads.case(handoff.inquiry_id) if handoff.inquiry_id else None
    return make_brief(
        handoff,
        reads.timeline(handoff_id),
        desk,
        inquiry=inquiry,
        before=reads.timeline(inquiry.case_id) if inquiry else (),
    )
