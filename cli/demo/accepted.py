"""What the API answered as accepted, written down by the caller, and held against the CRM.

The file lives in the state directory and is appended to by every run, so that a later run can
prove that nothing of an earlier one was lost either.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from runtime.case_ids import update_id
from sop.messages import Command
from sop.models import Actor, Payload
from sop.records import TimelineEntry

OPENED = "open"
"""The cause of the entries with which a case begins."""

_COMMANDS = {command.step: command for command in Command.__subclasses__()}

Timeline = Callable[[str], Sequence[TimelineEntry]]


class Accepted(Payload):
    """One request that the API accepted.

    Attributes:
        stream: The workflow that took it: the case's own, or an escalation's.
        cause: What its journal entries are named after: the Update's id, or `open`.
        seq: The last entry when it was answered; 0 where the answer did not say.
    """

    case_id: str
    stream: str
    cause: str
    seq: int = 0


def cause_of(step: str, actor: Actor, key: str) -> str:
    """Return the name that the journal gives to what a request caused."""
    return update_id(_COMMANDS[step].model_construct(actor=actor), key)


class AcceptedLog:
    """The caller's own journal: one line for each request that was accepted."""

    def __init__(self, path: Path) -> None:
        """Take up the file, if an earlier run left one."""
        self._path = path
        _end_last_line(path)
        self._known = {(line.stream, line.cause): line for line in _read(path)}
        self.earlier = len(self._known)

    def note(self, accepted: Accepted) -> None:
        """Write down an answer; one that was given before must say the same again.

        Raises:
            ValueError: The repeated request was answered otherwise.
        """
        before = self._known.setdefault((accepted.stream, accepted.cause), accepted)
        if before is not accepted:
            if before.case_id != accepted.case_id or before.seq != accepted.seq:
                raise ValueError(f"{accepted.cause} was answered differently when repeated")
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{accepted.model_dump_json()}\n")

    @property
    def all(self) -> tuple[Accepted, ...]:
        """Every request that was accepted, of earlier runs as well."""
        return tuple(self._known.values())


def mismatches(accepted: Iterable[Accepted], timeline: Timeline) -> tuple[str, ...]:
    """Say what was accepted and is missing from the CRM's journal, or stands there twice.

    Args:
        accepted: What the API accepted.
        timeline: Reads the confirmed journal of a case, its escalations included.
    """
    by_case: dict[str, list[Accepted]] = {}
    for request in accepted:
        by_case.setdefault(request.case_id, []).append(request)
    return tuple(
        wrong
        for case_id, requests in by_case.items()
        for wrong in _of_case(requests, timeline(case_id))
    )


def _of_case(requests: Iterable[Accepted], entries: Sequence[TimelineEntry]) -> list[str]:
    wrong = []
    times = Counter((entry.stream, entry.entry_id) for entry in entries)
    wrong += [f"{s}: {entry} stands {n} times" for (s, entry), n in times.items() if n > 1]
    numbers: dict[str, list[int]] = {}
    causes = set()
    for entry in entries:
        numbers.setdefault(entry.stream, []).append(entry.seq)
        causes.add((entry.stream, entry.entry_id.partition("#")[0]))
    for stream, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            wrong.append(f"{stream}: the journal has gaps")
    for request in requests:
        if (request.stream, request.cause) not in causes:
            wrong.append(f"{request.stream}: {request.cause} was accepted and is missing")
        elif request.seq > len(numbers[request.stream]):
            wrong.append(f"{request.stream}: entry {request.seq} was answered and is missing")
    return wrong


def _end_last_line(path: Path) -> None:
    """Keep apart what an interrupted run was writing and what is written next."""
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")


def _read(path: Path) -> Iterable[Accepted]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Accepted.model_validate_json(line)
        except ValidationError:  # what an interrupted run was writing
            continue
