"""The brief for the receiving party (HOF-4.2.2)."""

from pydantic import Field

from api.schemas.values import Moment, View
from sop.handoff.models import HandoffStage
from sop.identity import IdentityLevel


class BriefLineView(View):
    """One thing that was done."""

    at: Moment = Field(description="When.")
    what: str = Field(description="Who did what, in a sentence.")


class BriefDeadlineView(View):
    """Something that is due."""

    at: Moment = Field(description="When.")
    what: str = Field(description="What.")


class BriefItemView(View):
    """One thing that is handed over."""

    item: str = Field(description="Its name.")
    description: str = Field(description="What it is.")
    state: str = Field(description="`confirmed`, `not_confirmed`, or `missing`: did not arrive.")


class BriefPromiseView(View):
    """A response time that the customer was told."""

    answer_by: Moment = Field(description="Until when.")
    contact: str = Field(description="Whom the customer can ask until then.")
    state: str = Field(description="`open`, `kept`, `kept_late`, `broken` or `replaced`.")


class BriefInquiryView(View):
    """What the brief says of the inquiry that the handoff was opened from."""

    inquiry_id: str = Field(description="The inquiry's id.")
    subject: str = Field(description="The inquiry in a line.")
    stage: str = Field(description="Where it stands.")
    received_at: Moment = Field(description="When it was received.")
    key_points: str | None = Field(description="The inquiry in the representative's words.")
    resolution: str | None = Field(description="What solved it.")
    promises: list[BriefPromiseView] = Field(description="What the customer was promised.")
    done: list[BriefLineView] = Field(description="What was done, in order.")


class BriefView(View):
    """What the receiving party reads; the evidence of the identity is not in it."""

    handoff_id: str = Field(description="The handoff's id.")
    as_of: Moment = Field(description="When the workflow wrote what it was made from.")
    stage: HandoffStage = Field(description="Where the handoff stands.")
    complete: bool = Field(description="The representative has completed it.")
    company: str = Field(description="The company that hands over.")
    contact: str = Field(description="Whom to ask there.")
    customer_id: str = Field(description="The customer's id.")
    customer_name: str = Field(description="The customer's name.")
    subject: str = Field(description="What is handed over, in a line.")
    asked: str = Field(description="What the customer asked for.")
    identity: str = Field(description="How far the customer is verified, in words.")
    identity_level: IdentityLevel | None = Field(description="The same as a code.")
    identity_expires_at: Moment | None = Field(description="Until when it holds.")
    sender: str = Field(description="Who hands over.")
    custody: str = Field(description="Whose it is now.")
    receiving_party: str = Field(description="Who receives: a principal.")
    receiving_party_name: str = Field(description="What the customer knows that party as.")
    receiving_party_contact: str = Field(description="Whom the customer can ask.")
    summary: str | None = Field(description="The representative's part.")
    items: list[BriefItemView] = Field(description="What is handed over.")
    done: list[BriefLineView] = Field(description="What was done, in order.")
    open: list[str] = Field(description="What is open.")
    deadlines: list[BriefDeadlineView] = Field(description="What is due, the next first.")
    inquiry: BriefInquiryView | None = Field(description="The inquiry that it was opened from.")
