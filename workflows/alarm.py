"""One timer for the next deadline, moved only when it must move."""

import asyncio
from datetime import datetime

from sop.models import Deadline
from temporalio import workflow

from workflows.options import LONGEST_TIMER


class Alarm:
    """Rings at the next deadline.

    A deadline that moves earlier starts the timer anew. One that moves later does not: the timer
    rings, nothing is due, and it is set again. That saves two history events each time that the
    case goes on well before the timer has run out, which is the ordinary course.
    """

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def set(self, deadline: Deadline | None) -> None:
        """Make sure that the alarm rings no later than the deadline."""
        if deadline is None or (self._at is not None and self._at <= deadline.at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = deadline.at
        self._timer = asyncio.create_task(self._wait(deadline))

    @property
    def rang(self) -> bool:
        """The timer has run out; asking clears it."""
        if self._timer is None or not self._timer.done():
            return False
        self._timer, self._at = None, None
        return True

    async def _wait(self, deadline: Deadline) -> None:
        left = min(deadline.at - workflow.now(), LONGEST_TIMER).total_seconds()
        if left > 0:
            await workflow.sleep(left, summary=deadline.what)
