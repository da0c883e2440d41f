"""Signs what the journal has grown by, every few minutes. Started by a schedule.

Kept thin: the sandbox runs this file anew for every firing.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.proving import Checkpointed, CheckpointOrder, ProofActivities

    from workflows.options import CHECKPOINT


@workflow.defn(name="CheckpointJournal")
class CheckpointJournal:
    """Takes new entries into the log, signs it, hands the checkpoint to its store."""

    @workflow.run
    async def run(self) -> Checkpointed:
        """Do it once; what cannot be done now, the next firing does."""
        return await workflow.execute_activity_method(
            ProofActivities.checkpoint,
            CheckpointOrder(at=workflow.now()),
            summary="Sign a checkpoint of the journal",
            **CHECKPOINT,
        )
