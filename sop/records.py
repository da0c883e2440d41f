"""What the CRM shows of the cases: values for the API, the pages and the command line."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from sop.models import CaseRecord, Customer, Entry, Payload, Principal, Priority, Slug, Stage

Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC)),
]
"""A moment that a caller names; every time zone has it, unlike those at the ends of the scale."""


class CaseSummary(CaseRecord):
    """A case as a list shows it.

    Attributes:
        opened_at: Workflow time of the flush that opened it.
        updated_at: Workflow time of the flush that wrote what is shown.
    """

    subject: str
    opened_at: AwareDatetime
    updated_at: AwareDatetime


class CaseDetail(CaseSummary):
    """A case with the inquiry's text and the customer who asks."""

    text: str
    customer: Customer


class CaseFilter(Payload):
    """Which cases a list shows; None leaves a property open.

    Attributes:
        opened_by: For whom no other cases exist than those that they opened (HOF-5.3).
        due_before: Only cases whose next deadline is earlier.
        open_only: Without the closed ones.
    """

    opened_by: Principal | None = None
    stage: Stage | None = None
    category: Slug | None = None
    priority: Priority | None = None
    assignee: Principal | None = None
    due_before: Moment | None = None
    open_only: bool = False


class CasePage(Payload):
    """One page of a list. `next_cursor` is opaque; None after the last page."""

    cases: tuple[CaseSummary, ...]
    next_cursor: str | None = None


class TimelineEntry(Entry):
    """A journal entry with its writer.

    Attributes:
        stream: The workflow id of the writer; (stream, seq) names the entry.
        revision: How many entries of lost workflow tasks it replaced.
    """

    stream: str
    revision: int = 0


class CrmCounts(Payload):
    """How much the CRM holds.

    Attributes:
        stages: Cases by stage.
        entries: Journal entries that count.
        replaced: Rows of lost workflow tasks, kept in the journal and shown to nobody.
        escalations: Rungs that fired, by name.
    """

    cases: int
    closed: int
    stages: dict[str, int]
    entries: int
    replaced: int
    escalations: dict[str, int]
    open_tasks: int
    messages: int
