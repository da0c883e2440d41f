"""What an erasure had to leave exists for nobody at the desk any more (HOF-5.1, HOF-5.3)."""

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.authentication import Caller
from api.parts import parts_of
from runtime.case_errors import UnknownCaseError
from sop.access import may

_READS = frozenset({"GET", "HEAD"})


async def unrestricted(request: Request) -> None:
    """Refuse to show a restricted case to anybody but those who read privacy requests.

    Raises:
        UnknownCaseError: For the caller there is no such case.
    """
    case_id = request.path_params.get("case_id")
    if case_id is None or request.method not in _READS:
        return
    caller = request.user
    if isinstance(caller, Caller) and may(caller.actor, "read_restricted"):
        return
    if await run_in_threadpool(parts_of(request).restricted.is_restricted, case_id):
        raise UnknownCaseError(case_id)


UNRESTRICTED = Depends(unrestricted)
