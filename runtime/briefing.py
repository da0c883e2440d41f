"""The brief of a handoff, put together from what the CRM shows."""

from typing import Protocol

from sop.handoff.brief import make_brief
from sop.handoff.brief_models import Brief
from sop.handoff.records import HandoffDetail
from sop.policy import Desk
from sop.records import CaseDetail, TimelineEntry


class HandoffReads(Protocol):
    """Where the handoff is read."""

    def handoff(self, handoff_id: str) -> HandoffDetail | None:
        """Return a handoff with its texts and customer; None if there is none."""
        ...


class CaseReads(Protocol):
    """Where its journal is read, and the inquiry that it was opened from."""

    def case(self, case_id: str) -> CaseDetail | None:
        """Return an inquiry with its text and customer; None if there is none."""
        ...

    def timeline(self, case_id: str) -> tuple[TimelineEntry, ...]:
        """Return everything that happened in a case, in order."""
        ...


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
