"""What is shown of the access log."""

from typing import Annotated

from pydantic import Field

from api.schemas.inquiries import Cursor, PageLinks
from api.schemas.values import InstantIn, Moment, Request, View
from sop.access_log import Outcome, Via
from sop.models import Principal, Role


class AccessLogQuery(Request):
    """Which entries a list shows."""

    case_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Only those about this case, or this privacy request."
    )
    principal: Principal | None = Field(None, description="Only what this person was shown.")
    since: InstantIn | None = Field(
        None,
        alias="from",
        description="Only those written then or later. Write + in an offset as %2B.",
        examples=["2026-11-01T00:00:00Z"],
    )
    before: InstantIn | None = Field(
        None,
        alias="to",
        description="Only those written before.",
        examples=["2026-12-01T00:00:00Z"],
    )
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Entries on a page.")


class AccessEntryView(View):
    """Who was shown what, when: it was written before anything was shown (HOF-5.3)."""

    entry_id: str = Field(description="The entry's own name.")
    at: Moment = Field(description="When.")
    principal: Principal = Field(description="Who asked.")
    role: Role = Field(description="As what.")
    via: Via = Field(description="How they said who they are.")
    action: str = Field(
        description="`decode`: payloads of Temporal's; `read_privacy_export`: an export's document."
    )
    owner: str | None = Field(
        description="Whose payloads or document: a case, or `handrail`; null where no key tells."
    )
    key_id: str | None = Field(description="The payloads' key; null: unknown here, or a document.")
    count: int = Field(description="How many payloads or documents.")
    outcome: Outcome = Field(description="What became of them.")


class AccessLogPage(View):
    """A page of the access log."""

    entries: list[AccessEntryView] = Field(description="The oldest first.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")
