"""The escalations of a case: started, told that there is work on it, stood down."""

import asyncio
from typing import Any

from sop.escalation import EscalationStart
from sop.procedure import Procedure
from sop.state import RungState
from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from workflows.options import ESCALATIONS_FIRST


def escalation_id(case_id: str, rung: str, occasion: int) -> str:
    """Return the workflow id of an escalation: it says of what."""
    return f"escalation-{case_id}-{rung}-{occasion}"


class Escalations:
    """Keeps the child workflows in step with the rungs of the case."""

    def __init__(self, case: Procedure[Any, Any, Any]) -> None:
        self._case = case

    async def follow(self, *, worked: bool) -> None:
        """Start what fired, stand down what is needless, renew leases after work on the case."""
        for rung in self._case.take_new_escalations():
            await self._start(rung)
        needless = self._case.take_needless_escalations()
        nudged = self._case.held_escalations() if worked else ()
        await asyncio.gather(
            *(self._tell(rung, "stand_down") for rung in needless),
            *(self._tell(rung, "case_worked") for rung in nudged),
        )

    async def _start(self, rung: RungState) -> None:
        case, row = self._case, self._case.policy.rung(rung.rung)
        if row is None or rung.fired_at is None:
            return
        name = escalation_id(case.state.case_id, rung.rung, rung.occasion)
        start = EscalationStart(
            escalation_id=name,
            case_id=case.state.case_id,
            rung=rung.rung,
            occasion=rung.occasion,
            clause=row.clause,
            roles=row.roles,
            paging=case.policy.paging,
            desk=case.policy.desk,
            fired_at=rung.fired_at,
        )
        try:
            await workflow.start_child_workflow(
                "EscalationWorkflow",
                start,
                id=name,
                static_summary=f"{rung.rung.replace('_', ' ')}: to the {row.to.replace('_', ' ')}",
                # Measured: any other policy is also applied when the case continues as new.
                parent_close_policy=ParentClosePolicy.ABANDON,
                priority=ESCALATIONS_FIRST,
            )
        except WorkflowAlreadyStartedError:  # an operator has reset the case; it pages already
            workflow.logger.info("escalation.already_started", extra={"rung": rung.key})

    async def _tell(self, rung: RungState, what: str) -> None:
        name = escalation_id(self._case.state.case_id, rung.rung, rung.occasion)
        try:
            await workflow.get_external_workflow_handle(name).signal(what)
        except ApplicationError:
            workflow.logger.info("escalation.already_over", extra={"rung": rung.key})
