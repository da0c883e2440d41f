"""Why the gateway could not do what was asked. The API turns each into a problem."""

from typing import Self

from activities.failures import RefusalDetail
from sop.errors import SopError


class CaseError(Exception):
    """A request about a case was not done."""


class RefusedError(CaseError):
    """The procedure refuses the step; nothing has changed."""

    def __init__(self, detail: RefusalDetail) -> None:
        super().__init__(detail.code)
        self.detail = detail

    @classmethod
    def of(cls, error: SopError) -> Self:
        """Return the refusal that a rule of `sop` raised in this process."""
        return cls(
            RefusalDetail(
                code=error.code, message=error.message, clause=error.clause, missing=error.missing
            )
        )


class UnknownCaseError(CaseError):
    """There is no such case."""


class UnknownEscalationError(UnknownCaseError):
    """No case has such an escalation, so there is nothing to acknowledge."""


class CaseEndedError(CaseError):
    """The case is closed: its workflow has completed."""


class KeyReusedError(CaseError):
    """The idempotency key was used before, with another body."""


class NotAnsweredError(CaseError):
    """No worker answered in time. The request may still be done: repeat it with the same key."""


class BusyError(CaseError):
    """Too many requests at once."""


class TemporalUnavailableError(CaseError):
    """Temporal does not answer."""
