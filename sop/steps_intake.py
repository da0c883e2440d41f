"""The steps of intake: reception, categorisation, verification (INQ-4.1 to INQ-4.3)."""

from datetime import datetime

from sop import messages as m
from sop.case import Case
from sop.discrepancy import open_discrepancy, require_decided
from sop.errors import BehindGateError, InvalidValueError
from sop.evidence import check_forms
from sop.identification import revoke
from sop.identity import Form
from sop.models import Actor, Classification, Reception, VerificationOutcome
from sop.policy import CasePolicy
from sop.stages import cleared


def check_classification(policy: CasePolicy, to: Classification) -> None:
    """Refuse a category or priority that the policy does not name.

    Raises:
        InvalidValueError: The policy has no such category or priority.
    """
    if to.category not in policy.categories:
        raise InvalidValueError(
            f"The policy has no category {to.category!r}; it has {', '.join(policy.categories)}.",
            clause="INQ-4.2.1",
        )
    if to.priority not in policy.priorities:
        raise InvalidValueError(
            f"The policy has no priority {to.priority}; it has {', '.join(policy.priorities)}.",
            clause="INQ-4.2.2",
        )


def attest_reception(case: Case, reception: Reception, actor: Actor, now: datetime) -> None:
    """Record what the representative attests (INQ-4.1, INQ-5.3).

    Only what holds proves its clause, and the last attestation counts.
    """
    held = {
        "INQ-4.1.1": True,
        "INQ-4.1.2": reception.listened,
        "INQ-4.1.3": reception.key_points_confirmed,
        "INQ-5.3": reception.courteous,
    }
    clauses = [clause for clause, holds in held.items() if holds]
    case.unprove(held.keys() - set(clauses))
    case.record("reception.attested", actor, now, clauses, **reception.model_dump())


def classify(
    case: Case, to: Classification, actor: Actor, now: datetime, *, reason: str | None
) -> None:
    """Set category and priority, and with them the verification gate's exemption (INQ-4.2)."""
    state = case.state
    corrected = state.category is not None
    case.set(
        category=to.category,
        priority=to.priority,
        complex=to.complex,
        general_information=to.general_information,
    )
    exempt = settle_exemption(case)
    clauses = ["INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3", *exempt]
    case.record(
        "inquiry.recategorised" if corrected else "inquiry.categorised",
        actor,
        now,
        clauses,
        category=to.category,
        priority=str(to.priority),
        complex=to.complex,
        exempt_from_verification=bool(exempt),
        reason=reason,
    )


def settle_exemption(case: Case) -> tuple[str, ...]:
    """Return what is proved by general information being exempt; withdraw it where it is not.

    An exempt inquiry needs no identity check, so one that failed does not keep it from closing.
    """
    verification = case.state.verification
    if verification == VerificationOutcome.VERIFIED:
        return ()
    if cleared(case.policy, case.state):
        return ("INQ-4.3.1", "INQ-4.3.2")
    case.unprove(["INQ-4.3.2"] if verification else ["INQ-4.3.1", "INQ-4.3.2"])
    return ()


def record_reception(case: Case, step: m.RecordReception, now: datetime) -> None:
    """Attest the reception (INQ-4.1)."""
    attest_reception(case, step.reception, step.actor, now)


def categorise(case: Case, step: m.Categorise, now: datetime) -> None:
    """Set or correct category and priority, and compute the ladder again (INQ-4.2)."""
    check_classification(case.policy, step.classification)
    if case.state.category is not None and step.reason is None:
        raise InvalidValueError(
            "The inquiry is already categorised. Say in `reason` why it is corrected.",
            clause="INQ-4.2.1",
        )
    classify(case, step.classification, step.actor, now, reason=step.reason)
    if case.state.resolved_at is None:
        case.rearm(now, step.actor, "corrected")


def record_verification(case: Case, step: m.RecordVerification, now: datetime) -> None:
    """Record the forms asked for, and only the outcome (INQ-4.3)."""
    known = case.policy.verification.forms
    unknown = [form for form in step.forms_asked if form not in known]
    if unknown:
        raise InvalidValueError(
            f"The policy has no form {', '.join(unknown)}; it has {', '.join(known)}.",
            clause="INQ-4.3.1",
        )
    verified = step.outcome == VerificationOutcome.VERIFIED
    require_decided(case)
    _require_attestable(case, step, verified=verified)
    checked = case.state.identification.outcome
    if verified and checked not in {None, VerificationOutcome.VERIFIED}:
        raise BehindGateError(
            "The identity check of this case did not succeed; it cannot be recorded as verified. "
            "Identify the customer again, or let a supervisor decide.",
            clause="HOF-4.1.4",
        )
    case.set(verification=step.outcome)
    if not verified:
        revoke(case, step.outcome)
    if not cleared(case.policy, case.state):
        case.unprove(["INQ-4.3.2"])
    case.record(
        "verification.recorded",
        step.actor,
        now,
        ["INQ-4.3.1", "INQ-4.3.2"] if verified else ["INQ-4.3.1"],
        forms_asked=list(step.forms_asked),
        outcome=str(step.outcome),
        exempt_from_verification=not verified and cleared(case.policy, case.state),
    )
    if step.outcome == VerificationOutcome.NEEDS_SUPERVISOR and case.policy.identification:
        open_discrepancy(case, "attested", step.actor, now)


def _require_attestable(case: Case, step: m.RecordVerification, *, verified: bool) -> None:
    """Refuse what only an identification proves: two forms, and a policy that takes a word for it.

    A case of a policy without rules of identification is attested as it always was.
    """
    rule = case.policy.identification
    if rule is None or not verified:
        return
    if not case.policy.verification.attested:
        raise BehindGateError(
            "The policy takes no attestation of an identity check: identify the customer with "
            "POST /v1/customers/{id}/identifications.",
            clause="HOF-4.1.3",
        )
    known = {str(form) for form in Form}
    check_forms(rule, tuple(Form(form) for form in step.forms_asked if form in known))
