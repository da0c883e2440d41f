"""Which cases exist for a caller, and what the caller may do with them (HOF-5.3, INQ-7.2).

The table is that of `sop.access`; what is known of a case is its row in the CRM. A case that the
CRM does not have yet, or while it is away, its workflow judges: its validator asks the same table.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from activities.ports import CrmUnavailableError
from api.dependencies import permitted
from api.parts import Parts, WithParts
from runtime.case_errors import UnknownCaseError
from sop.access import READS, is_bound, may, needs_facts, require_on, sees
from sop.models import Actor, Role
from sop.object_rules import ObjectFacts, ObjectKind, object_kind
from sop.policy import Policy

_READS = frozenset({"GET", "HEAD"})
_ID = re.compile(r"(inquiry|handoff|incident|duty|privacy)-[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


def on_case(action: str) -> Callable[..., Awaitable[Actor]]:
    """Return the dependency that lets through who may do an action with the case of the path."""

    async def actor(
        request: Request, parts: WithParts, actor: Annotated[Actor, Depends(permitted(action))]
    ) -> Actor:
        path = request.path_params
        case_id = path.get("case_id") or path.get("duty_id") or ""
        shows = request.method in _READS
        await require_access(parts, actor, action, case_id, rung=path.get("rung"), shows=shows)
        return actor

    return actor


async def require_access(
    parts: Parts,
    actor: Actor,
    action: str,
    case_id: str,
    *,
    rung: str | None = None,
    shows: bool = False,
) -> None:
    """Refuse what the table does not permit an actor with a case.

    For most callers every case exists but those that an erasure had to leave. Before something is
    shown, one read says whether it is such a case; a step on one finds it ended, and is told by
    `runtime.cases` that there is none: nothing is read for it here.

    Args:
        parts: Where it is read.
        actor: Who asks.
        action: For what; the actor's role may do it with some cases.
        case_id: With which.
        rung: The escalation that is to be taken.
        shows: Something of the case is about to be shown.

    Raises:
        UnknownCaseError: There is no such case, or it does not exist for this actor.
        NotAllowedError: The actor sees the case, and may not do this with it.
        CrmUnavailableError: Nobody can say now whether it exists for this actor.
        ProblemError: Too many requests came about its customer.
    """
    kind = object_kind(case_id)
    if kind is None or not _ID.fullmatch(case_id):
        raise UnknownCaseError(case_id)
    shows = shows and kind is not ObjectKind.PRIVACY and not may(actor, "read_restricted")
    if not shows and not needs_facts(actor, action, kind):
        return
    facts = await _facts(parts, actor, case_id, kind, shows=shows)
    if facts is None:
        return
    if not (shows or sees(actor, facts) or is_bound(actor, READS[kind])):
        return  # restricted: it is refused where a step on no case would be
    if not sees(actor, facts):
        raise UnknownCaseError(case_id)
    chain = chain_of(parts.cases.policy, facts, rung) if rung else None
    require_on(actor, action, facts.model_copy(update={"chain": chain}))
    parts.rates.count_case(case_id, facts.customer_id)


def chain_of(policy: Policy, facts: ObjectFacts, rung: str) -> tuple[Role, ...] | None:
    """Return the roles that a rung of a case pages; None: its policy is another than in force."""
    matrices = {
        ObjectKind.INQUIRY: policy.case,
        ObjectKind.HANDOFF: policy.handoff,
        ObjectKind.INCIDENT: policy.incident,
        ObjectKind.DUTY: policy.duty,
        ObjectKind.PRIVACY: policy.privacy,
    }
    matrix = matrices[facts.kind] if facts.kind else None
    if matrix is None or matrix.version != facts.policy_version:
        return None
    row = matrix.rung(rung)
    return row.roles if row is not None else None


async def _facts(
    parts: Parts, actor: Actor, case_id: str, kind: ObjectKind, *, shows: bool
) -> ObjectFacts | None:
    """Return what is known of a case; None where its workflow must judge.

    For whom not every case exists, one that nobody can judge now does not; and nothing is shown of
    one that nobody can judge now.
    """
    away: CrmUnavailableError | None = None
    try:
        facts = await run_in_threadpool(parts.reads.facts, case_id)
    except CrmUnavailableError as error:
        if shows:
            raise
        facts, away = None, error
    if facts is not None or not is_bound(actor, READS[kind]):
        return facts
    facts = ObjectFacts(kind=kind, opened_by=await parts.cases.opener(case_id))
    if away is not None and not sees(actor, facts):
        raise away
    return facts


HandoffReader = Annotated[Actor, Depends(on_case("read_handoff"))]
