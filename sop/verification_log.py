"""What a case comes to know of its customer's identity, and the log of it (HOF-7.1)."""

from datetime import datetime

from sop import messages as m
from sop.case_file import AnyCase
from sop.errors import WrongStageError
from sop.identity import Identity, IdentityLevel
from sop.models import Actor, VerificationOutcome
from sop.policy import IdentificationRule
from sop.registers import VerificationRecord


def know(case: AnyCase, **changes: object) -> None:
    """Replace what the case knows of its customer's identity."""
    case.set(identification=case.state.identification.model_copy(update=changes))


def rule_of(case: AnyCase) -> IdentificationRule:
    """Return the rules of the case's policy.

    Raises:
        WrongStageError: The case began under a policy that has none.
    """
    rule: IdentificationRule | None = case.policy.identification
    if rule is None:
        raise WrongStageError(
            "The policy of this case has no rules of identification; move it to the policy in "
            "force first.",
            clause="HOF-8",
        )
    return rule


def capability(
    rule: IdentificationRule, level: IdentityLevel, actor: Actor, now: datetime
) -> Identity:
    """Return an identity that ends when the policy says so."""
    return Identity(
        level=level,
        verified_at=now,
        expires_at=now + rule.valid_for,
        verified_by=actor.principal,
    )


def log_check(
    case: AnyCase,
    actor: Actor,
    now: datetime,
    outcome: VerificationOutcome,
    reason: str,
    made: tuple[m.Identify, int] | None = None,
    *,
    decided_by: str | None = None,
) -> None:
    """Write a line of the verification log; its key follows from the journal's number.

    `made` is the attempt and its number; a line that is none bears how many count by then.
    """
    known = case.state.identification
    step, number = made or (None, known.attempts)
    approved_by = known.identity.approved_by if known.identity else None
    case.put_verification(
        VerificationRecord(
            verification_id=f"{case.state.case_id}/{case.state.seq}/{reason}",
            case_id=case.state.case_id,
            customer_id=case.state.customer.customer_id,
            at=now,
            representative=actor.principal,
            role=actor.role,
            attempt=number,
            forms=step.forms if step else (),
            outcome=outcome,
            reason=reason,
            level=known.identity.level if known.identity else None,
            expires_at=known.identity.expires_at if known.identity else None,
            decided_by=decided_by or approved_by,
            policy_version=case.policy.version,
        )
    )
