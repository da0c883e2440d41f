"""One run of the demo, from the first process to the last line."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, TextIO, TypeVar

from activities.ports import CrmUnavailableError
from cli.demo.acts import perform
from cli.demo.complaints import read_complaints
from cli.demo.door import DemoError
from cli.demo.house import House, forget_configuration, house
from cli.demo.links import farewell
from cli.demo.play import Play
from cli.demo.screen import Screen
from cli.demo.summary import Summary, take_stock, tell
from cli.demo.table import cases_shown, table_of
from runtime.errors import OperatorError
from runtime.logging import configure_logging

T = TypeVar("T")

log = logging.getLogger(__name__)

_TABLE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    state_dir: Path
    port: int
    cases: int | None
    once: bool


def run_demo(options: Options) -> Summary:
    """Run the demo; return what it found.

    Raises:
        KeyboardInterrupt: The person stopped it; everything that it started has ended.
    """
    forget_configuration()
    began = monotonic()
    with ExitStack() as files, Screen(sys.stderr if options.once else sys.stdout) as screen:
        try:
            configure_logging("json", stream=files.enter_context(_log_file(options.state_dir)))
            summary = asyncio.run(_run(options, screen))
        except KeyboardInterrupt:
            screen.say(f"Stopped: everything has ended. The cases stay in {options.state_dir}.")
            raise
        except (DemoError, OperatorError) as error:
            summary = Summary().failed(str(error))
        except Exception as error:  # whatever else went wrong belongs into the summary as well
            log.exception("demo.failed")
            summary = Summary().failed(f"{type(error).__name__}: {error}")
        for reason in summary.reasons:
            screen.fail(reason)
    return summary.model_copy(update={"seconds": round(monotonic() - began, 1)})


def _log_file(state_dir: Path) -> TextIO:
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return (state_dir / "demo.log").open("a", encoding="utf-8")
    except OSError as error:
        raise OperatorError(
            f"{state_dir} cannot hold the demo's state ({error.strerror}): name a directory that "
            "can be written to with --state-dir."
        ) from None


async def _run(options: Options, screen: Screen) -> Summary:
    began = monotonic()
    screen.act("Everything is started")
    async with house(options.state_dir, options.port, screen) as home:
        ready_after = round(monotonic() - began, 1)
        play = _play(options, home, screen)
        summary = await _guarded(play, _perform(play))
        if summary.ok and not options.once:
            screen.act("Everything goes on running")
            for line in farewell(home, play.tally.showcase):
                screen.link(line)
            await _guarded(play, _until_stopped())
    return summary.model_copy(update={"ready_after_seconds": ready_after})


def _play(options: Options, home: House, screen: Screen) -> Play:
    complaints = read_complaints()
    return Play(
        run=f"{datetime.now(UTC):%Y%m%dT%H%M%S}",
        complaints=complaints,
        sample=complaints[: options.cases],
        house=home,
        screen=screen,
    )


async def _perform(play: Play) -> Summary:
    wrong: list[str] = []
    try:
        await perform(play)
    except DemoError as error:
        log.exception("demo.failed")
        wrong.append(str(error))
    play.screen.act("What was accepted is held against what the CRM holds")
    summary = await asyncio.to_thread(take_stock, play)
    for line in tell(summary):
        play.screen.say(line)
    return summary.failed(*wrong) if wrong else summary


async def _until_stopped() -> None:
    await asyncio.Event().wait()


async def _guarded(play: Play, work: Coroutine[Any, Any, T]) -> T:
    """Do the work while the table is kept up to date; end it when a process has ended by itself."""
    home = play.house
    working = asyncio.create_task(work)
    guards = [
        asyncio.create_task(guard)
        for guard in (home.worker.fails(), home.api.fails(), home.codec.fails(), _keep_table(play))
    ]
    try:
        await asyncio.wait({working, *guards}, return_when=asyncio.FIRST_COMPLETED)
        for guard in guards:
            if guard.done():
                guard.result()
        return await working
    finally:
        for task in (working, *guards):
            task.cancel()
        await asyncio.gather(working, *guards, return_exceptions=True)


async def _keep_table(play: Play) -> None:
    desk = play.house.policy.case.desk
    while True:
        if play.screen.live:
            with suppress(CrmUnavailableError):  # the next look will find it
                shown = await asyncio.to_thread(cases_shown, play.house.crm, play.at_hand)
                play.screen.show(table_of(shown, desk, play.screen.width))
        await asyncio.sleep(_TABLE_EVERY_S)
