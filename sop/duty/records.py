"""What the CRM shows of duties: values for the API and the command line."""

from pydantic import AwareDatetime

from sop.duty.models import DutyKind, DutyRow
from sop.models import Actor, Payload, Principal


class DutyRecord(DutyRow):
    """A duty as it is shown.

    Attributes:
        opened_at: Workflow time of the flush that opened it.
        updated_at: Workflow time of the flush that wrote what is shown.
    """

    opened_at: AwareDatetime
    updated_at: AwareDatetime


class DutyFilter(Payload):
    """Which duties a list shows; None leaves a property open.

    Attributes:
        own_of: For whom no other duties exist than their own, their role's, and about themselves.
        open_only: Without those that have ended.
    """

    own_of: Actor | None = None
    kind: DutyKind | None = None
    assignee: Principal | None = None
    open_only: bool = False


class DutyPage(Payload):
    """One page of a list. `next_cursor` is opaque; None after the last page."""

    duties: tuple[DutyRecord, ...]
    next_cursor: str | None = None
