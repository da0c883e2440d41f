"""The identity check of both procedures, and what a supervisor decides about it (HOF-4.1).

What the customer presented was compared where it arrived; here it is judged, limited, stopped
where it differs, and kept as a capability that ends.
"""

from datetime import datetime

from sop import messages as m
from sop.case_file import AnyCase
from sop.discrepancy import open_discrepancy, require_another, require_decided, use_approval
from sop.errors import BehindGateError, InvalidValueError
from sop.evidence import check_forms
from sop.identity import PRIMARY, Form, Identification, Identity, IdentityLevel
from sop.models import Actor, VerificationOutcome
from sop.policy import IdentificationRule
from sop.verification_log import capability, know, log_check, rule_of


def judge(
    rule: IdentificationRule, step: m.Identify, number: int
) -> tuple[VerificationOutcome, str]:
    """Return what an attempt means, and why, as a code.

    A part that does not match is told like a whole that does not: nobody learns which it was.

    Raises:
        InvalidValueError: The forms are not one of each group, or one is not accepted (HOF-4.1.2).
    """
    if not allowed(rule, step, number):
        return VerificationOutcome.NEEDS_SUPERVISOR, "attempts_exhausted"
    if step.noticed:
        return VerificationOutcome.NEEDS_SUPERVISOR, "noticed"
    check_forms(rule, tuple(result.form for result in step.forms))
    if all(result.matched for result in step.forms):
        return VerificationOutcome.VERIFIED, "matched"
    if number == rule.attempts_per_call:
        return VerificationOutcome.NEEDS_SUPERVISOR, "attempts_exhausted"
    return VerificationOutcome.NOT_VERIFIED, "mismatch"


def allowed(rule: IdentificationRule, step: m.Identify, number: int) -> bool:
    """Return whether an attempt is one of those that the policy allows, here and where it came."""
    return not step.exhausted and number <= rule.attempts_per_call


def level_of(forms: list[Form]) -> IdentityLevel:
    """Return what a check that matched is worth: the security question counts lowest."""
    secondary = set(forms) - PRIMARY
    return IdentityLevel.LOW if secondary <= {Form.SECURITY_QUESTION} else IdentityLevel.STANDARD


def is_attestation(step: m.Identify) -> bool:
    """Return whether only what the customer was told is reported: that is no attempt.

    What was forgotten at a check can be made good so, and an approval of it still holds.
    """
    checked = step.forms or step.noticed or step.exhausted
    return not checked and bool(_attested(step))


def identify(case: AnyCase, step: m.Identify, now: datetime) -> None:
    """Judge one attempt; one that needs a supervisor stops here (HOF-4.1.1 to HOF-4.1.5)."""
    rule = rule_of(case)
    customer = case.state.customer.customer_id
    if step.customer_id not in {"", customer}:
        raise of_another_customer()
    if is_attestation(step):
        case.record("identification.attested", step.actor, now, _attested(step))
        return
    require_decided(case)
    number = _number(case, rule, now)
    outcome, reason = judge(rule, step, number)
    identity = None
    if outcome == VerificationOutcome.VERIFIED:
        level = level_of([result.form for result in step.forms])
        identity = capability(rule, level, step.actor, now)
    know(case, outcome=outcome, identity=identity, discrepancy=None)
    _count(case, step, number, now)
    _record_check(case, step, outcome, identity, number, now)
    log_check(case, step.actor, now, outcome, reason, (step, number))
    if outcome == VerificationOutcome.NEEDS_SUPERVISOR:
        open_discrepancy(case, reason, step.actor, now)


def of_another_customer() -> InvalidValueError:
    """Return the refusal of a check in a case that is not the customer's."""
    return InvalidValueError(
        "The case is another customer's. Name the case of the customer who is identified.",
        clause="HOF-4.1.3",
    )


def use_identity(case: AnyCase, what: str, actor: Actor, now: datetime) -> None:
    """Let through what stands behind a verified identity; a supervisor's approval is used by it.

    Raises:
        BehindGateError: Nobody is verified, the identity has expired, or a supervisor must decide.
    """
    known = case.state.identification
    require_decided(case)
    approved = known.discrepancy
    if approved is not None and approved.approved_until is not None:
        if now < approved.approved_until:
            require_another(approved.decided_by, actor)
            use_approval(case, approved, actor, now)
            return
    elif known.identity is not None and now < known.identity.expires_at:
        require_another(known.identity.approved_by, actor)
        return
    expired = known.identity is not None or approved is not None
    why = "has expired: identify the customer again" if expired else "is missing"
    raise BehindGateError(
        f"{what} stands behind the identification of the customer, which {why}. "
        "POST /v1/customers/{id}/identifications takes it.",
        clause="HOF-4.1.2",
    )


def require_holding(case: AnyCase, what: str, actor: Actor, now: datetime) -> None:
    """Refuse what a check since the transfer has put in doubt; a supervisor's approval is used.

    That an identity has run out since then does not: it held at the transfer.

    Raises:
        BehindGateError: A later check did not succeed, or a supervisor must decide.
    """
    require_decided(case)
    identity = case.state.identification.identity
    if identity is None:
        use_identity(case, what, actor, now)
    else:
        require_another(identity.approved_by, actor)


def revoke(case: AnyCase, outcome: VerificationOutcome) -> None:
    """Take back a verified identity: a person has recorded that it does not hold."""
    if case.state.identification.identity is not None:
        know(case, identity=None, outcome=outcome)
        case.unprove(["HOF-4.1.2"])


def _number(case: AnyCase, rule: IdentificationRule, now: datetime) -> int:
    """Return which attempt of this call it is, after those that did not match.

    A call does not last longer than the policy's time, and ends with whoever is verified: else a
    case that lives for months would let nobody be identified after the third time.
    """
    known: Identification = case.state.identification
    if known.attempted_at is None or known.attempted_at + rule.attempts_within <= now:
        return 1
    return known.attempts + 1


def _count(case: AnyCase, step: m.Identify, number: int, now: datetime) -> None:
    """Count an attempt that was compared and did not match; whoever is verified ends the call.

    A try after the last attempt that is allowed is no guess: it keeps nobody waiting longer.
    """
    if case.state.identification.identity is not None:
        know(case, attempts=0)
    elif allowed(rule_of(case), step, number) and not all(x.matched for x in step.forms):
        know(case, attempts=number, attempted_at=now)


def _attested(step: m.Identify) -> list[str]:
    told = ["HOF-4.1.1"] if step.need_explained else []
    return [*told, "HOF-4.1.5"] if step.confidentiality_assured else told


def _record_check(
    case: AnyCase,
    step: m.Identify,
    outcome: VerificationOutcome,
    identity: Identity | None,
    number: int,
    now: datetime,
) -> None:
    clauses = [
        *_attested(step),
        *(["HOF-4.1.2", *case.verified] if identity else []),
        *(["HOF-4.1.3", *case.asked] if step.forms else []),
    ]
    case.identity_found(outcome)
    if identity is None:
        case.unprove(["HOF-4.1.2"])
    case.record(
        "identity.checked",
        step.actor,
        now,
        clauses,
        forms_asked=[str(result.form) for result in step.forms],
        outcome=str(outcome),
        attempt=number,
        level=str(identity.level) if identity else None,
        expires_at=identity.expires_at.isoformat() if identity else None,
    )
