"""What the person in front of the demo sees: acts, lines, a progress bar, the live table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

_REFRESHED_PER_S = 4
_INDENT = "   "
_TELL_EVERY_PERCENT = 25


class Screen:
    """Writes to a terminal with a live part below the lines, or plain lines to anything else."""

    def __init__(self, stream: TextIO) -> None:
        """Find out what the stream is; nothing is written yet."""
        self._console = Console(file=stream, highlight=False)
        self._table: RenderableType = Text()
        self._bars = _progress(self._console)
        self._live = Live(
            console=self._console,
            get_renderable=lambda: Group(self._table, self._bars),
            refresh_per_second=_REFRESHED_PER_S,
            transient=False,
        )
        self._act = 0

    def __enter__(self) -> Self:
        """Begin the live part."""
        if self.live:
            self._live.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was found."""
        self._live.stop()

    @property
    def live(self) -> bool:
        """There is somebody at a terminal."""
        return self._console.is_terminal

    @property
    def width(self) -> int:
        """Characters in a line."""
        return self._console.width

    def act(self, title: str) -> None:
        """Begin an act."""
        self._act += 1
        self._console.print(Text(f"\n{self._act}. {title}", style="bold"))

    def say(self, line: str) -> None:
        """Explain what happens."""
        if self.live:
            self._console.print(Padding(Text(line), (0, 0, 0, len(_INDENT))))
        else:
            self._console.print(Text(f"{_INDENT}{line}"), soft_wrap=True)

    def link(self, line: str) -> None:
        """Write what is to be copied: a terminal may break the line, but nothing is put in."""
        self._console.print(Text(f"{_INDENT}{line}"), soft_wrap=True)

    def fail(self, reason: str) -> None:
        """Say what went wrong."""
        self._console.print(Text(f"\n{reason}", style="bold red"), soft_wrap=True)

    def show(self, table: RenderableType) -> None:
        """Let the live part show this table."""
        self._table = table

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator["Bar"]:
        """Show how far something is."""
        task = self._bars.add_task(what, total=total)
        bar = Bar(self, what, total, lambda: self._bars.advance(task))
        try:
            yield bar
        finally:
            self._bars.remove_task(task)


class Bar:
    """One thing that takes a number of steps."""

    def __init__(self, screen: Screen, what: str, total: int, on_step: Callable[[], None]) -> None:
        self.done = 0
        self._on_step = on_step
        self._screen = screen
        self._what = what
        self._total = max(total, 1)

    def step(self) -> None:
        """Note that one more is done."""
        before = self._share()
        self.done += 1
        self._on_step()
        if self._share() > before and not self._screen.live:
            self._screen.say(f"{self._what}: {self.done} of {self._total}")

    def _share(self) -> int:
        return self.done * 100 // self._total // _TELL_EVERY_PERCENT


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("   {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        auto_refresh=False,
    )
