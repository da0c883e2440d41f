"""What an answer of Temporal means for whoever asked the gateway."""

from typing import NoReturn

from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.failures import RefusalDetail
from runtime.case_errors import (
    BusyError,
    CaseEndedError,
    NotAnsweredError,
    RefusedError,
    TemporalUnavailableError,
    UnknownCaseError,
)
from sop.errors import HiddenCaseError

# A workflow whose task fails is told as FAILED_PRECONDITION.
_NOT_DONE_YET = {
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.FAILED_PRECONDITION,
}


def raise_refusal(cause: BaseException | None) -> NoReturn:
    """Raise what a failed Update says.

    Raises:
        RefusedError: The procedure refuses the step.
        UnknownCaseError: The case does not exist for whoever reports it (HOF-5.3).
        CaseEndedError: The case ended before the step was done.
        NotAnsweredError: Anything else; the same request may be repeated.
    """
    if isinstance(cause, ApplicationError):
        if cause.type == "AcceptedUpdateCompletedWorkflow":
            raise CaseEndedError from None
        if cause.details:
            detail = RefusalDetail.model_validate(cause.details[0])
            if detail.code == HiddenCaseError.code:
                raise UnknownCaseError from None
            raise RefusedError(detail) from None
    raise NotAnsweredError from cause


def raise_for(error: RPCError) -> NoReturn:
    """Raise what an answer of the server means.

    Raises:
        CaseEndedError: The server knows no such workflow, or it has ended.
        BusyError: Too many requests at once.
        NotAnsweredError: It is not done, or nobody knows; the same request may be repeated.
        TemporalUnavailableError: Temporal does not answer.
    """
    if error.status == RPCStatusCode.NOT_FOUND:
        raise CaseEndedError from None
    if error.status == RPCStatusCode.RESOURCE_EXHAUSTED:
        raise BusyError from None
    if error.status in _NOT_DONE_YET:
        raise NotAnsweredError from None
    raise TemporalUnavailableError from error
