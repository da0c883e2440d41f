"""The gates that several steps stand behind."""

from datetime import datetime

from sop.case import Case
from sop.discrepancy import require_decided
from sop.errors import BehindGateError, WrongStageError
from sop.identification import use_identity
from sop.models import Actor, VerificationOutcome
from sop.stages import cleared, exempt


def require_verified(case: Case, what: str, otherwise: str, actor: Actor, now: datetime) -> None:
    """Refuse what tells of the customer's account before the customer is verified (INQ-4.3.2).

    General information touches no account, so its exemption does not open this gate.
    """
    if case.state.identification.outcome is not None:
        use_identity(case, what, actor, now)
    elif case.state.verification != VerificationOutcome.VERIFIED:
        raise BehindGateError(
            f"{what} stands behind the verification of the customer. Record the verification "
            f"first, or {otherwise}.",
            clause="INQ-4.3.2",
        )


def require_cleared(case: Case, what: str, actor: Actor, now: datetime) -> None:
    """Refuse what has to wait until the customer is verified or exempt (INQ-4.3.2).

    No exemption stands in for a supervisor's decision (HOF-4.1.4).
    """
    require_decided(case)
    if exempt(case.policy, case.state):
        return
    if case.state.identification.outcome is not None:
        use_identity(case, what, actor, now)
    elif not cleared(case.policy, case.state):
        possible = case.policy.verification.general_information_exempt
        other = ", or categorise the inquiry as general information if it is" if possible else ""
        raise BehindGateError(
            f"{what} stands behind the verification of the customer. Record the verification "
            f"first{other}.",
            clause="INQ-4.3.2",
        )


def require_unresolved(case: Case, what: str) -> None:
    """Refuse what has no place in a case that is resolved and waits for its follow-up."""
    if case.state.resolved_at is not None:
        raise WrongStageError(
            f"The inquiry is resolved and waits for the follow-up; {what} has no place there. "
            "If the problem is back, report `customer_replied` with `problem_persists`."
        )
