"""The rules of the policy that need nothing else of it: promise, follow-up, checks, language."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from sop.models import Payload, Slug

Duration = Annotated[timedelta, Field(ge=timedelta(0))]


class PromiseRule(Payload):
    """The estimated response time told to the customer (INQ-4.4.3).

    Attributes:
        longest: A promise further away is refused.
        warn_at: Share of the promised time at which the holder is warned.
    """

    longest: Annotated[timedelta, Field(gt=timedelta(0))]
    warn_at: Annotated[float, Field(gt=0, lt=1)] | None = None


class FollowUpRule(Payload):
    """The contact after resolution (INQ-4.6.1).

    Attributes:
        after: From resolution to the first attempt.
        every: From an attempt that did not reach the customer to the next.
        attempts: After so many the outcome `not_reached` stands and the case may close.
    """

    after: Duration
    every: Annotated[timedelta, Field(gt=timedelta(0))]
    attempts: Annotated[int, Field(ge=1, le=20)]
    calendar: Slug = "always"


class VerificationRule(Payload):
    """Identity check of an inquiry (INQ-4.3).

    Attributes:
        forms: What a representative may have asked for.
        attested: A representative may attest a check that was made elsewhere, in person say; False:
            only an identification counts.
    """

    forms: tuple[Slug, ...]
    general_information_exempt: bool = False
    attested: bool = True


class Message(Payload):
    """A template in two registers: plain, and for customers who know the terms (INQ-5.2)."""

    plain: str
    technical: str = ""


class Language(Payload):
    """What counts as plain language (INQ-5.1, INQ-5.2).

    Attributes:
        max_words: Longest sentence.
        jargon: Words and phrases kept from customers who do not know the terms.
    """

    max_words: Annotated[int, Field(ge=1)]
    jargon: tuple[str, ...] = ()
