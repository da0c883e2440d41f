"""What the CRM shows of handoffs: values for the API, the brief and the command line."""

from pydantic import AwareDatetime

from sop.handoff.models import HandoffRow, HandoffStage
from sop.models import Customer, Payload, Principal
from sop.object_rules import ObjectFacts, ObjectKind
from sop.records import Moment


class HandoffSummary(HandoffRow):
    """A handoff as a list shows it: without its longer texts.

    Attributes:
        opened_at: Workflow time of the flush that opened it.
        updated_at: Workflow time of the flush that wrote what is shown.
    """

    text: str = ""
    opened_at: AwareDatetime
    updated_at: AwareDatetime


def facts_of(record: HandoffRow) -> ObjectFacts:
    """Return what decides for whom a handoff exists that the CRM shows (HOF-5.3)."""
    return ObjectFacts.model_validate({**dict(record), "kind": ObjectKind.HANDOFF})


class HandoffDetail(HandoffSummary):
    """A handoff, whole, with the customer whom it is about."""

    customer: Customer


class HandoffFilter(Payload):
    """Which handoffs a list shows; None leaves a property open.

    Attributes:
        visible_to: The receiving party for whom nothing exists but what it was offered (HOF-5.3).
        own_of: The service for which none exist but those that it opened or carries.
        due_before: Only handoffs whose next deadline is earlier.
        open_only: Without the closed ones.
    """

    visible_to: Principal | None = None
    own_of: Principal | None = None
    stage: HandoffStage | None = None
    receiving_party: Principal | None = None
    assignee: Principal | None = None
    inquiry_id: str | None = None
    customer_id: str | None = None
    due_before: Moment | None = None
    open_only: bool = False


class HandoffPage(Payload):
    """One page of a list. `next_cursor` is opaque; None after the last page."""

    handoffs: tuple[HandoffSummary, ...]
    next_cursor: str | None = None
