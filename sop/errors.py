"""Why a step is refused. Each refusal has a stable code, and says what to do instead."""

from typing import ClassVar


class SopError(Exception):
    """A refusal by the procedures.

    Attributes:
        code: Stable, in kebab case; the API's problem type and the Temporal error type.
        clause: The clause that asks for it, where there is one.
    """

    code: ClassVar[str] = "refused"

    def __init__(
        self, message: str, *, clause: str | None = None, missing: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.clause = clause
        self.missing = missing


class CaseClosedError(SopError):
    """The case has ended; nothing can be added to it."""

    code = "case-closed"


class BehindGateError(SopError):
    """A step stands behind a gate of the procedure that is still shut."""

    code = "behind-gate"


class WrongStageError(SopError):
    """The step makes no sense where the case stands now."""

    code = "wrong-stage"


class StaleAcknowledgementError(SopError):
    """The escalation has moved on, is already held by somebody, or has ended."""

    code = "stale-acknowledgement"


class StaleAnswerError(SopError):
    """The offer was answered, has ended, or was never made."""

    code = "stale-answer"


class NotAllowedError(SopError):
    """The actor's role may not do this."""

    code = "not-allowed"


class HiddenCaseError(NotAllowedError):
    """The case does not exist for the actor: whoever asks is told the same as of none (HOF-5.3)."""

    code = "case-not-found"


class NotTheirCaseError(SopError):
    """A case that is named does not exist, or is another customer's: whoever asks cannot tell."""

    code = "case-not-found"


class InvalidValueError(SopError):
    """A value is well-formed, but the policy or the case does not allow it."""

    code = "invalid-value"


class PolicyError(ValueError):
    """A policy file is wrong. `mistakes` names each by key and line."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes
