"""Where a process finds Temporal: as Temporal's own configuration says, or embedded beside it."""

from dataclasses import dataclass
from pathlib import Path

from runtime.run_file import find_running
from runtime.temporal import configured_address

DEFAULT_UI = "http://localhost:8233"


@dataclass(frozen=True, slots=True)
class Place:
    """Where Temporal is.

    Attributes:
        address: The embedded server's; None where Temporal's own configuration counts.
        ui_url: Where people look, unless the settings say otherwise.
    """

    address: str | None
    ui_url: str


def locate(state_dir: Path) -> Place:
    """Return where Temporal is: configured, or embedded and running in the state directory.

    Raises:
        TemporalUnavailableError: Temporal's own configuration cannot be read.
    """
    running = find_running(state_dir) if configured_address() is None else None
    if running is None:
        return Place(None, DEFAULT_UI)
    return Place(running.temporal_address, running.temporal_ui_url)
