"""The one place where an error of the domain or an adapter becomes an `ApplicationError`."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from activities.ports import PortError
from sop.errors import SopError
from sop.models import Payload


class RefusalDetail(Payload):
    """What travels with a refusal, so that the API can say what to do."""

    code: str
    message: str
    clause: str | None = None
    missing: tuple[str, ...] = ()


def refusal(error: SopError) -> ApplicationError:
    """Return a refusal by the procedures as the error that an Update's caller receives."""
    detail = RefusalDetail(
        code=error.code, message=error.message, clause=error.clause, missing=error.missing
    )
    return ApplicationError(error.message, detail, type=error.code, non_retryable=True)


@contextmanager
def named_failures() -> Iterator[None]:
    """Turn errors of ports and of the domain into `ApplicationError` with a stable type.

    The text of the cause stays out: it may hold values, and failures are kept in histories.
    """
    try:
        yield
    except SopError as error:
        raise refusal(error) from None
    except PortError as error:
        name = type(error).__name__
        raise ApplicationError(name, type=name, non_retryable=not error.retryable) from None
