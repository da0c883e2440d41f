"""Which handoffs exist for a caller: for a receiving party, what it was offered (HOF-5.3)."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.concurrency import run_in_threadpool

from api.dependencies import HandoffId, permitted
from api.parts import Parts, WithParts
from runtime.case_errors import UnknownCaseError
from sop.access import may_see_handoff, only_handoffs_of
from sop.models import Actor


async def require_sight(parts: Parts, actor: Actor, case_id: str) -> None:
    """Refuse what does not exist for a caller. For most everything does, and nothing is read.

    Raises:
        UnknownCaseError: It is not offered to this receiving party, nor accepted by it, as far as
            the CRM knows.
    """
    if only_handoffs_of(actor) is None:
        return
    if not may_see_handoff(actor, await run_in_threadpool(parts.handoffs.offered_to, case_id)):
        raise UnknownCaseError(case_id)


def sees(action: str) -> Callable[..., Awaitable[Actor]]:
    """Return the dependency that lets through who may do an action, and sees the handoff."""

    async def actor(
        case_id: HandoffId, parts: WithParts, actor: Annotated[Actor, Depends(permitted(action))]
    ) -> Actor:
        await require_sight(parts, actor, case_id)
        return actor

    return actor


HandoffReader = Annotated[Actor, Depends(sees("read_handoff"))]
