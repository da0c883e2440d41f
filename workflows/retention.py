"""The daily run of retention: what is due goes, in batches, and a certificate says what went.

Kept thin: the sandbox runs this file anew for every firing.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from sop.disposal import RetentionRun

    from workflows.disposing import (
        RetentionStart,
        certify,
        dispose_of_entries,
        dispose_of_what_is_due,
    )


@workflow.defn(name="RetentionWorkflow")
class RetentionWorkflow:
    """Disposes of classes of closed cases and entries of the access log (INQ-7.1, HOF-7)."""

    @workflow.run
    async def run(self, start: RetentionStart) -> RetentionRun:
        """Go through everything that is due, once."""
        run = await dispose_of_what_is_due(start)
        return await certify(await dispose_of_entries(start.policy, run))
