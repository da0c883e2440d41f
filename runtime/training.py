"""Whether who reports a step is trained for it, as the gateway asks (INQ-8.2, HOF-6.1)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from activities.ports import CrmUnavailableError
from sop.errors import SopError
from sop.models import Actor
from sop.policy import Course, Policy
from sop.training import TrainingRecord, courses_for, require_trained

KEPT = timedelta(seconds=3)
"""So long a person whose training was found current is not looked up again."""

KEPT_IN_OUTAGE = timedelta(minutes=10)
"""So long that stands while the store does not answer: an inquiry must be taken when the CRM is
away. It is as long as a key opens then, whose owner could do nothing later anyway."""

_MOST_KEPT = 1000
_now = partial(datetime.now, UTC)


class Training(Protocol):
    """Asks for the training of who reports a step."""

    async def require(self, actor: Actor, step: str, case_id: str) -> None:
        """Refuse the step of somebody who is not trained for it.

        Raises:
            UntrainedError: A training is missing or has expired.
            CrmUnavailableError: Nobody can say now.
        """
        ...


class TrainingStore(Protocol):
    """Where the trainings are recorded."""

    def of(self, principal: str) -> tuple[TrainingRecord, ...]:
        """Return one person's trainings.

        Raises:
            CrmUnavailableError: The store did not answer.
        """
        ...


class TrainingRing:
    """Remembers for a moment whose training was current.

    Who was refused is looked up each time, so that a training counts as soon as it is recorded.
    """

    def __init__(
        self,
        store: TrainingStore,
        policy: Policy,
        *,
        kept: timedelta = KEPT,
        kept_in_outage: timedelta = KEPT_IN_OUTAGE,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Look trainings up in a store, and keep them for a while.

        Args:
            store: Where they are recorded.
            policy: Says which steps need which course; without courses nothing is looked up.
            kept: How long a person is not looked up again.
            kept_in_outage: How long what was found stands while the store does not answer.
            clock: Tells which trainings have expired.
        """
        self._store = store
        self._policy = policy
        self._kept = kept
        self._kept_in_outage = kept_in_outage
        self._clock = clock
        self._seen: dict[str, tuple[tuple[TrainingRecord, ...], datetime]] = {}

    async def require(self, actor: Actor, step: str, case_id: str) -> None:
        """Refuse the step of somebody who is not trained for it.

        Raises:
            UntrainedError: A training is missing or has expired.
            CrmUnavailableError: The store did not answer, and the person was not seen lately.
        """
        courses = courses_for(actor, step, case_id, self._policy)
        if not courses:
            return
        now = self._clock()
        if self._is_kept(actor, courses, now, self._kept):
            return
        try:
            records = await asyncio.to_thread(self._store.of, actor.principal)
        except CrmUnavailableError:
            if self._is_kept(actor, courses, now, self._kept_in_outage):
                return
            raise
        self._seen.pop(actor.principal, None)
        require_trained(courses, records, actor, self._policy, now)
        if len(self._seen) >= _MOST_KEPT:
            self._seen.clear()
        self._seen[actor.principal] = records, now

    def _is_kept(
        self, actor: Actor, courses: tuple[Course, ...], now: datetime, kept: timedelta
    ) -> bool:
        """Return whether what was found lately suffices now."""
        records, seen_at = self._seen.get(actor.principal, ((), now))
        if not timedelta(0) <= now - seen_at < kept:
            return False
        try:
            require_trained(courses, records, actor, self._policy, now)
        except SopError:
            return False
        return True
