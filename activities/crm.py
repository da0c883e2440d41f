"""Writing to the system of record."""

from dataclasses import dataclass

from temporalio import activity

from activities.failures import named_failures
from activities.ports import CrmPort, FlushReceipt
from sop.outgoing import FlushBatch


@dataclass(frozen=True)
class CrmActivities:
    """Acts on the CRM. Synchronous: runs in the worker's threads, as many as the pool has."""

    crm: CrmPort

    @activity.defn(name="flush")
    def flush(self, batch: FlushBatch) -> FlushReceipt:
        """Write all pending entries, the case's row and the registers at once (INQ-4.5.1)."""
        with named_failures():
            return self.crm.flush(batch)
