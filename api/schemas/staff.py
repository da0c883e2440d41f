"""What staff were trained in, as it is recorded and shown."""

from typing import Annotated

from pydantic import Field

from api.schemas.values import InstantIn, Moment, Request, ShortTextIn, View
from sop.training import Standing


class CompletedIn(Request):
    """A training that somebody has completed."""

    completed_at: InstantIn = Field(
        description="When it was completed; not in the future.", examples=["2026-11-20T15:00:00Z"]
    )
    evidence: ShortTextIn | None = Field(
        None, description="Where that can be looked up.", examples=["certificate 2026-117"]
    )


class ExpiringQuery(Request):
    """How far a list of ending trainings looks."""

    within: Annotated[str, Field(pattern=r"^[0-9]{1,4}d$")] | None = Field(
        None,
        description="That many days; without it as many as the policy warns before.",
        examples=["30d"],
    )


class TrainingRecordView(View):
    """A training on record."""

    principal: str = Field(description="Whose it is.")
    course: str = Field(description="The course.")
    completed_at: Moment = Field(description="When it was completed.")
    recorded_at: Moment = Field(description="When it was recorded.")
    recorded_by: str = Field(description="Who has attested it.")
    evidence: str | None = Field(description="Where that can be looked up.")


class CourseStandingView(View):
    """What a person's training in a course is worth now."""

    course: str = Field(description="The course.")
    standing: Standing = Field(description="Steps that need the course are refused unless current.")
    completed_at: Moment | None = Field(description="When the latest training was completed.")
    expires_at: Moment | None = Field(description="Until when it counts.")
    expires_soon: bool = Field(description="It ends within the policy's time of warning.")


class TrainingView(View):
    """A person's training."""

    principal: str = Field(description="Whose it is.")
    courses: list[CourseStandingView] = Field(
        description="How it stands in each course of the policy; a role may need only some."
    )
    records: list[TrainingRecordView] = Field(description="What is on record, the latest first.")


class ExpiringView(CourseStandingView):
    """A training that ends soon."""

    principal: str = Field(description="Whose it is.")


class ExpiringList(View):
    """The trainings that end soon, the first to end first."""

    expiring: list[ExpiringView] = Field(description="The trainings.")
