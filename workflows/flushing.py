"""Keeping the CRM up to date with what a workflow knows (docs/adr/0003…)."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from activities.crm import CrmActivities
from sop.outgoing import FlushBatch, Outgoing
from sop.registers import RegisterRecord
from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows.options import FLUSH_AT_ONCE, FLUSH_WHEN_BACK

PROOFS = ("verifications", "confirmations", "reports")
"""The registers whose records belong to one entry each (HOF-7)."""

Row = Any  # a payload of `FlushBatch`: which one, its field's name says

MOST_ENTRIES = 16
"""In one flush. An entry holds up to 64 KiB, as much as a request; a payload of Temporal, 2 MB."""


class Source(Protocol):
    """What collects entries: a case or an escalation."""

    @property
    def has_pending(self) -> bool:
        """There is something that the CRM does not have yet."""
        ...

    def take_pending(self) -> Outgoing:
        """Return it, and forget it."""
        ...


def in_parts(outgoing: Outgoing) -> Iterator[Outgoing]:
    """Cut what an outage has piled up: the opening first, what proves an entry with that entry.

    What the other registers hold by now goes last.
    """
    while len(outgoing.entries) > MOST_ENTRIES:
        first, rest = outgoing.entries[:MOST_ENTRIES], outgoing.entries[MOST_ENTRIES:]
        part, later = Outgoing(entries=first, opening=outgoing.opening), {}
        for name in PROOFS:
            records: tuple[RegisterRecord, ...] = getattr(outgoing, name)
            now = tuple(record for record in records if record.entry <= first[-1].seq)
            part = part.model_copy(update={name: now})
            later[name] = records[len(now) :]
        yield part
        outgoing = outgoing.model_copy(update={"entries": rest, "opening": None, **later})
    yield outgoing


async def to_the_end(work: Coroutine[None, None, None]) -> None:
    """Do what a cancellation may not interrupt; Temporal cancels a run only once."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task


@dataclass
class Journal:
    """Writes the entries of one workflow, in order and one batch at a time.

    Attributes:
        row: Returns the case's row by the field of the batch that it goes into; an escalation
            has none.
        written: The last entry that the CRM has.
        late: The database did not answer at once. Whoever waits for the CRM need not wait: the
            entries are safe in the workflow, and follow.
    """

    stream: str
    case_id: str
    source: Source
    row: Callable[[], Mapping[str, Row]] = dict
    written: int = 0
    late: bool = False
    _flushing: bool = False

    async def keep(self) -> None:
        """Flush whenever there is something to flush, for as long as the workflow runs."""
        while True:
            await workflow.wait_condition(lambda: self.source.has_pending)
            self._flushing = True
            await self._flush()
            self._flushing = False

    async def drained(self) -> None:
        """Wait until everything is written."""
        await workflow.wait_condition(lambda: not (self.source.has_pending or self._flushing))

    async def wait_for(self, seq: int) -> bool:
        """Wait until the CRM has an entry; return False when it will have it only later."""
        await workflow.wait_condition(lambda: self.written >= seq or self.late)
        return self.written >= seq

    async def _flush(self) -> None:
        row, outgoing = self.row(), self.source.take_pending()
        for part in in_parts(outgoing):
            if part.entries:
                version = {"version": part.entries[-1].seq}
                row = {name: value.model_copy(update=version) for name, value in row.items()}
            await self._write(row, part)

    async def _write(self, row: Mapping[str, Row], outgoing: Outgoing) -> None:
        batch = FlushBatch(
            stream=self.stream,
            case_id=self.case_id,
            outgoing=outgoing,
            at=workflow.now(),
            **row,
        )
        what = f"Write {len(outgoing.entries)} journal entries to the CRM"
        try:
            await workflow.execute_local_activity_method(
                CrmActivities.flush, batch, summary=what, **FLUSH_AT_ONCE
            )
        except FailureError:  # a local activity's own failure comes without an ActivityError around
            self.late = True
            await self._write_when_back(batch, f"{what}; the database did not answer at once")
            self.late = False
        if outgoing.entries:
            self.written = outgoing.entries[-1].seq

    async def _write_when_back(self, batch: FlushBatch, what: str) -> None:
        """Write a batch, however long it takes, and even if an operator fails the activity."""
        while True:
            try:
                await workflow.execute_activity_method(
                    CrmActivities.flush, batch, summary=what, **FLUSH_WHEN_BACK
                )
            except FailureError:
                workflow.logger.warning("flush.repeated", extra={"case_id": self.case_id})
            else:
                return
