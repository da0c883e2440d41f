"""Which identity checks are attempts: what the case would refuse is none of its customer's."""

from starlette.concurrency import run_in_threadpool

from api.parts import Parts
from runtime.case_errors import CaseEndedError
from sop.evidence import Attempt
from sop.handoff.models import HandoffStage
from sop.handoff.steps_preparing import mail_under_way
from sop.identification import of_another_customer, undecided
from sop.models import TaskKind
from sop.standing import CaseKind, kind_of


async def require_attempt(parts: Parts, attempt: Attempt) -> None:
    """Refuse, before it is counted, what the case would refuse as the CRM shows it.

    What the CRM does not have yet the case refuses itself, and a repeated attempt is the case's
    to answer.

    Raises:
        InvalidValueError: The case is another customer's (HOF-4.1.3).
        CaseEndedError: The case is closed.
        BehindGateError: A supervisor must decide first (HOF-4.1.4).
        WrongStageError: An encrypted message is on its way (HOF-4.2.4).
    """
    refusal = await run_in_threadpool(_refusal, parts, attempt)
    if refusal is not None and not await parts.identity.is_counted(attempt.attempt_id):
        raise refusal


def _refusal(parts: Parts, attempt: Attempt) -> Exception | None:
    case_id = attempt.case_id
    is_handoff = kind_of(case_id) is CaseKind.HANDOFF
    row = parts.handoffs.handoff(case_id) if is_handoff else parts.reads.case(case_id)
    if row is None:
        return None
    if row.closed_at is not None:
        return CaseEndedError(case_id)
    if row.customer_id != attempt.customer_id:
        return of_another_customer()
    if any(
        task.kind == TaskKind.DISCREPANCY_DECISION for task in parts.reads.tasks(case_id=case_id)
    ):
        return undecided()
    return mail_under_way() if row.stage == HandoffStage.SENDING else None
