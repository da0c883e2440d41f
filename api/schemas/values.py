"""What requests and answers are made of."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from sop.policy import Desk

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps every character but this one."""

_YEARS = range(1970, 9000)
_MOMENT = {"type": "string", "format": "date-time", "pattern": r"^(19[7-9]\d|[2-8]\d{3})-"}


class Request(BaseModel):
    """A body that a caller sends; a field that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class View(BaseModel):
    """A body that the API answers with; fields may be added to it.

    Attributes:
        resource: Its name in `sop.fields`, where not every role sees every field; then such a
            field may be null.
    """

    model_config = ConfigDict(frozen=True)
    resource: ClassVar[str] = ""


def _in_text(value: object) -> object:
    """Refuse what pydantic would read as seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or "-" not in value:
        raise ValueError("Say a moment with its offset, such as 2026-11-23T14:05:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    """Keep to moments that every time zone has."""
    if value.year not in _YEARS:
        raise ValueError("Say a moment between the years 1970 and 9000")
    return value.astimezone(UTC)


def _number(value: object) -> object:
    """Refuse what pydantic would read as a number; JSON's 1.0 is the integer 1."""
    if type(value) not in {int, float}:
        raise ValueError("Input should be a valid integer")
    return value


InstantIn = Annotated[
    AwareDatetime, BeforeValidator(_in_text), AfterValidator(_in_utc), WithJsonSchema(_MOMENT)
]
WholeNumber = Annotated[int, BeforeValidator(_number)]
# Bounds stand before the validator, or the API's description lacks them.
LevelIn = Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)]
SatisfactionIn = Annotated[int, Field(ge=1, le=5), BeforeValidator(_number)]
Flag = Annotated[bool, Field(strict=True)]
ShortTextIn = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]
TextIn = Annotated[str, Field(min_length=1, max_length=20_000, pattern=NO_NUL)]


class Moment(View):
    """A moment, for programs and for people."""

    utc: AwareDatetime = Field(description="In UTC.", examples=["2026-11-23T13:05:00Z"])
    local: str = Field(description="As the desk reads it.", examples=["Mon 2026-11-23 14:05 CET"])


def moment(at: datetime, desk: Desk) -> Moment:
    """Return a moment in both forms."""
    return Moment(utc=at.astimezone(UTC), local=desk.local(at))


def shown(record: BaseModel, desk: Desk) -> dict[str, object]:
    """Return a record's fields, each moment in both forms."""
    return {
        name: moment(value, desk) if isinstance(value, datetime) else value
        for name, value in record
    }
