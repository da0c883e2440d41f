"""Checkpoints of the journal: signed here, kept elsewhere."""

from dataclasses import dataclass

from pydantic import AwareDatetime
from temporalio import activity

from activities.failures import named_failures
from activities.proof_ports import CheckpointStore, JournalLog
from sop.models import Payload


class CheckpointOrder(Payload):
    """When the schedule fired."""

    at: AwareDatetime


class Checkpointed(Payload):
    """What came of it.

    Attributes:
        entries: Taken into the log.
        delivered: Checkpoints that the store has now, those of earlier attempts included.
    """

    entries: int = 0
    delivered: int = 0


@dataclass(frozen=True)
class ProofActivities:
    """Acts on the log and the store. Synchronous: runs in the worker's threads."""

    log: JournalLog
    store: CheckpointStore

    @activity.defn(name="checkpoint")
    def checkpoint(self, order: CheckpointOrder) -> Checkpointed:
        """Take what is new into the log, sign it, and hand every signed checkpoint on."""
        entries = delivered = 0
        with named_failures():
            while taken := self.log.advance(order.at):
                entries += taken
            for signed in self.log.undelivered():
                self.store.keep(signed)
                self.log.delivered(signed, order.at)
                delivered += 1
        return Checkpointed(entries=entries, delivered=delivered)
