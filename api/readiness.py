"""Whether the process can do its work now."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from api.problems import FieldError

Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong, and what to do; None if all is well."""

ANSWER_WITHIN = timedelta(seconds=2)


class Readiness:
    """Asks everything that the process needs, all at once and not for long."""

    def __init__(self, checks: Mapping[str, Check], *, within: timedelta = ANSWER_WITHIN) -> None:
        """Take the checks by name; each has to answer within a time."""
        self._checks = checks
        self._within = within
        self._running: asyncio.Task[tuple[FieldError, ...]] | None = None

    async def failing(self) -> tuple[FieldError, ...]:
        """Return what is wrong, named. Whoever asks while a round is on gets its answer."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._ask_all())
        return await asyncio.shield(self._running)

    async def _ask_all(self) -> tuple[FieldError, ...]:
        answers = await asyncio.gather(*map(self._ask, self._checks.values()))
        return tuple(
            FieldError(location=name, message=wrong)
            for name, wrong in zip(self._checks, answers, strict=True)
            if wrong is not None
        )

    async def _ask(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await check()
        except TimeoutError:
            return f"It did not answer within {self._within.total_seconds():g} s."
