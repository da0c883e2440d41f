"""A workflow that waits a day."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class NapWorkflow:
    @workflow.run
    async def run(self) -> float:
        before = workflow.now()
        await workflow.sleep(timedelta(hours=24), summary="a day")
        return (workflow.now() - before).total_seconds()
