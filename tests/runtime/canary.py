"""A workflow and an activity whose errors and logs carry a customer's words."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import structlog
    from pydantic import BaseModel

CANARY = "Mrs Miller of 12 Elm Street"


class Request(BaseModel):
    case_id: str
    text: str


@activity.defn
def fail(request: Request) -> None:
    structlog.stdlib.get_logger("activities.crm").info("crm.refused", note=request.text, entries=3)
    activity.logger.info("crm.asked for %s", request.text)
    try:
        int(request.text)
    except ValueError as error:
        raise ApplicationError(f"no account of {request.text}", type="NoAccount") from error


@workflow.defn
class CanaryWorkflow:
    @workflow.run
    async def run(self, request: Request) -> str:
        workflow.logger.info("case.opened", extra={"case_id": request.case_id, "stage": "opened"})
        workflow.logger.info("case.noted %s", request.text, extra={"note": request.text})
        try:
            await workflow.execute_activity(
                fail,
                request,
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=2),
            )
        except ActivityError:
            workflow.logger.warning("case.failed", exc_info=True)
        return "done"


@workflow.defn
class BrokenWorkflow:
    @workflow.run
    async def run(self, request: Request) -> None:
        raise ValueError(request.text)
