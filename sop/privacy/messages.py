"""What people report about a privacy request: one frozen model per Update (HOF-5.1)."""

from typing import ClassVar

from pydantic import AwareDatetime

from sop.messages import Command
from sop.models import Actor, Payload
from sop.policy import PrivacyPolicy
from sop.privacy.models import (
    ExtensionReason,
    PrivacyOpening,
    RefusalReason,
    ToldBy,
    VerificationMethod,
)


class VerifyRequester(Command):
    """Record how the requester was verified: nothing is done for anybody before."""

    step: ClassVar[str] = "verify_requester"
    method: VerificationMethod


class ApprovePrivacyRequest(Command):
    """Approve the request, or the end of a hold, as the first of two people."""

    step: ClassVar[str] = "approve_privacy_request"


class ReleasePrivacyRequest(Command):
    """Release what another person has approved: now it is done."""

    step: ClassVar[str] = "release_privacy_request"


class RejectPrivacyRequest(Command):
    """Refuse the request; the requester was told so."""

    step: ClassVar[str] = "reject_privacy_request"
    reason: RefusalReason
    told_by: ToldBy


class ExtendPrivacyRequest(Command):
    """Extend the clock, once and before it has run out; the requester was told why."""

    step: ClassVar[str] = "extend_privacy_request"
    reason: ExtensionReason
    told_by: ToldBy


class CompletePrivacyRequest(Command):
    """Say that the requester was told what was done, and given what they asked for."""

    step: ClassVar[str] = "complete_privacy_request"
    told_by: ToldBy


class ReviewHold(Command):
    """Say that the hold is still needed, and when that is looked at again."""

    step: ClassVar[str] = "review_hold"
    review_at: AwareDatetime


class PrivacyOrder(Payload):
    """A request that is to begin: the input of its workflow, as far as it is new."""

    case_id: str
    policy: PrivacyPolicy
    opened_by: Actor
    received_at: AwareDatetime
    opening: PrivacyOpening
    digest: str = ""
