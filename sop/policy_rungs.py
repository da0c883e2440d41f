"""The rows of a policy file's escalation matrices: read, and each checked by itself."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sop.clauses import CLAUSES
from sop.policy import ON_CALL, Rung, Starts
from sop.policy_reading import Reading, nearest
from sop.policy_tables import MATRICES, Matrix
from sop.toml_statements import KeyPath

_PLACEHOLDERS = {"rung": "unreadable", "clause": "INQ-6.1", "after": "PT0S", "to": "team_leader"}
_OF_INQUIRIES = {
    "categories": "only inquiries have a category",
    "priorities": "only inquiries have a priority",
    "complex": "only inquiries can be complex",
    "every_inquiry": "its rungs are for all",
    "pause_while_waiting": "only inquiries wait for the customer",
}


@dataclass(frozen=True)
class ReadRung:
    """A row of a matrix as far as it can be read.

    Attributes:
        matrix: The matrix that it is a row of.
        number: Its place there, from 0.
        rung: The row; fields in `unsure` hold a placeholder.
        unsure: Fields that are wrong or missing; they are not judged any further.
    """

    matrix: Matrix
    number: int
    rung: Rung
    unsure: frozenset[str] = frozenset()

    @property
    def path(self) -> KeyPath:
        """Where it stands in the file."""
        return (*self.matrix.path, self.number)

    def sure(self, *fields: str) -> bool:
        """Tell whether these fields can be judged."""
        return self.unsure.isdisjoint(fields)


def read_rungs(reading: Reading) -> tuple[ReadRung, ...]:
    """Return the rows of all matrices, also those of which a part is wrong."""
    return tuple(row for matrix in MATRICES for row in _rows(matrix, reading))


def _rows(matrix: Matrix, reading: Reading) -> Iterable[ReadRung]:
    tables = reading.raw(*matrix.path)
    for number, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            path = (*matrix.path, number)
            unsure = frozenset(
                name
                for name in Rung.model_fields
                if not reading.is_sure((*path, name))
                or (name not in table and reading.document.is_lost((*path, name)))
            )
            values = _PLACEHOLDERS | {k: v for k, v in table.items() if k not in unsure}
            rung = Rung.model_validate_json(json.dumps(values), strict=True)
            yield ReadRung(matrix, number, rung, unsure)


def check_rungs(rows: tuple[ReadRung, ...], reading: Reading) -> None:
    """Note what does not fit in single rows, and rows of a matrix that share a name."""
    first: dict[tuple[KeyPath, str], KeyPath] = {}
    for row in rows:
        path, rung = row.path, row.rung
        namesake = first.setdefault((row.matrix.path, rung.rung), path)
        if row.sure("rung") and namesake != path:
            line = reading.document.line(namesake)
            reading.mistake((*path, "rung"), f'"{rung.rung}" is already the rung of line {line}')
        if row.sure("clause") and rung.clause not in CLAUSES:
            known = nearest(rung.clause, CLAUSES)
            reading.mistake((*path, "clause"), f'"{rung.clause}" is no clause{known}')
        if row.sure("warn_at", "after") and rung.warn_at is not None and not rung.after:
            reading.mistake((*path, "warn_at"), "has no meaning where the rung is due at once")
        _check_start(row, reading)
        if row.matrix.is_of_inquiries:
            _check_conditions(row, reading)
        else:
            _check_none_of_inquiries(row, reading)
        _check_chain(path, reading)


def _check_start(row: ReadRung, reading: Reading) -> None:
    path, known = (*row.path, "starts"), row.matrix.starts
    use = f"use {'one of ' if len(known) > 1 else ''}{', '.join(known)}"
    if not row.sure("starts") or row.rung.starts in known:
        return
    if reading.raw(*path) is None:
        reading.mistake(path, f"is missing; {use}")
        return
    text = f"is nothing that a rung of {row.matrix.cases} is counted from"
    reading.mistake(path, f'"{row.rung.starts}" {text}; {use}')


def _check_none_of_inquiries(row: ReadRung, reading: Reading) -> None:
    for name, because in _OF_INQUIRIES.items():
        if row.sure(name) and reading.raw(*row.path, name) is not None:
            reading.mistake((*row.path, name), f"has no meaning in this matrix: {because}")


def _check_conditions(row: ReadRung, reading: Reading) -> None:
    rung, path = row.rung, row.path
    for name in ("categories", "priorities"):
        known = dict(reading.items("intake", name)).values()
        for index, value in reading.items(*path, name):
            if known and value not in known:
                text = f'"{value}" is not in intake.{name}{nearest(value, known)}'
                reading.mistake((*path, name, index), text)
    if not row.sure("starts", "categories", "priorities", "complex", "every_inquiry"):
        return
    conditions = bool(rung.categories or rung.priorities or rung.complex)
    if rung.every_inquiry and conditions:
        text = "is true, but categories, priorities or complex say otherwise; keep one of them"
        reading.mistake((*path, "every_inquiry"), text)
    if rung.starts == Starts.RECEIPT and not (conditions or rung.every_inquiry):
        text = "neither categories, priorities nor complex say which inquiries the rung is for"
        reading.mistake((*path, "every_inquiry"), f"{text}; if it is for all, write true")


def _check_chain(path: KeyPath, reading: Reading) -> None:
    named = [((*path, "to"), reading.at(*path, "to"))]
    named += [((*path, "chain", index), role) for index, role in reading.items(*path, "chain")]
    seen = set()
    for place, role in named:
        if role is None:
            continue
        if role not in ON_CALL:
            known = f"{', '.join(ON_CALL)}{nearest(role, ON_CALL)}"
            reading.mistake(place, f'"{role}" cannot be paged; use one of {known}')
        if role in seen:
            reading.mistake(place, f'"{role}" is in the chain already')
        seen.add(role)
