"""The rules of the policy that need nothing else of it: promise, follow-up, retention, language."""

from datetime import timedelta
from enum import StrEnum
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


class LegalBasis(StrEnum):
    """Why a class is kept although the customer asks for its erasure (GDPR Art. 17(3))."""

    NONE = "none"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGAL_CLAIMS = "legal_claims"


class LegalBases(Payload):
    """The basis of each class. A company's procedure is none by itself: somebody must decide it.

    The defaults: that an identity was checked, and who had custody, is what the company defends
    itself with; breaches must be documented by law.
    """

    inquiry: LegalBasis = LegalBasis.NONE
    verification: LegalBasis = LegalBasis.LEGAL_CLAIMS
    handoff: LegalBasis = LegalBasis.LEGAL_CLAIMS
    incident: LegalBasis = LegalBasis.LEGAL_OBLIGATION


class Retention(Payload):
    """Months that a record class is kept after its case has closed (INQ-7.1, HOF-7).

    Attributes:
        history_days: Days after closing that Temporal's history of a case is kept.
        access_log: Months that an entry of the access log is kept after it was written.
        legal_basis: What a class is kept for against a request for erasure, until its time is over.
    """

    inquiry: Annotated[int, Field(ge=12)]
    verification: Annotated[int, Field(ge=36)]
    handoff: Annotated[int, Field(ge=36)]
    incident: Annotated[int, Field(ge=60)]
    history_days: Annotated[int, Field(ge=1, le=36500)] = 30
    access_log: Annotated[int, Field(ge=12)] = 36
    legal_basis: LegalBases = LegalBases()
