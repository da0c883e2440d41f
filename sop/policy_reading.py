"""A policy file as far as it can be read: its values, and what is wrong with each."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from types import NoneType, UnionType
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sop.durations import parse_duration
from sop.policy_tables import CLAUSES_OF_LIMITS, PolicyFile, known_at
from sop.toml_lines import TomlDocument, label, read_toml
from sop.toml_statements import KeyPath

_SHOWN = 60
_QUOTED = re.compile(r"'([^']*)'")
_NOT_A = {
    "string_type": "is not text; write it in quotes",
    "int_type": "is not a whole number",
    "float_type": "is not a number",
    "bool_type": "is neither true nor false",
    "tuple_type": 'is not a list; write e.g. ["a", "b"]',
    "model_type": "is not a table",
    "dict_type": "is not a table",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": "is not a name; use small letters, digits and _, a letter first",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must not be less than {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must not be more than {le}",
}


@dataclass
class Reading:
    """A policy file that is being checked.

    Attributes:
        document: The text's values and lines.
        values: The values in the form that the models read; unknown keys are left out.
        file: The file as models; None if a value is wrong.
    """

    document: TomlDocument
    values: dict[str, object] = field(default_factory=dict)
    file: PolicyFile | None = None
    _mistakes: list[tuple[int, KeyPath, str]] = field(default_factory=list)
    _wrong: set[KeyPath] = field(default_factory=set)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """What is wrong, each with line and key, in the order of the file."""
        found = sorted(self._mistakes, key=lambda mistake: (mistake[0], label(mistake[1])))
        named = (
            f"line {line}: {label(path)}: {text}" if path else f"line {line}: {text}"
            for line, path, text in found
        )
        return tuple(dict.fromkeys(named))

    def mistake(self, path: KeyPath, text: str, line: int | None = None) -> None:
        """Note what is wrong with a value: neither it nor what is below it is judged further."""
        self._wrong.add(path)
        self.remark(path, text, line)

    def remark(self, path: KeyPath, text: str, line: int | None = None) -> None:
        """Note what is wrong with a table, such as its name, that leaves its content readable."""
        self._mistakes.append((line or self.document.line(path), path, text))

    def is_wrong(self, path: KeyPath) -> bool:
        """Tell whether something is wrong with a key or a table around it."""
        lengths = range(1, len(path) + 1) if self._wrong else ()
        return any(path[:length] in self._wrong for length in lengths)

    def is_sure(self, path: KeyPath) -> bool:
        """Tell whether nothing is wrong with a key, above or below it."""
        below = any(wrong[: len(path)] == path for wrong in self._wrong)
        return not (below or self.is_wrong(path))

    def raw(self, *path: str | int) -> object:
        """Return the value of a key as it is written, right or wrong; None if it is not there."""
        value: object = self.values
        for key in path:
            value = _below(value, key)
        return value

    def written(self, path: KeyPath) -> object:
        """Return the value of a key as it stands in the text; None if it is not there."""
        value: object = self.document.data
        for key in path:
            value = _below(value, key)
        return value

    def at(self, *path: str | int) -> object:
        """Return the value of a key if it is there and nothing is wrong with it, else None."""
        return self.raw(*path) if self.is_sure(path) else None

    def duration(self, *path: str | int) -> timedelta | None:
        """Return a length of time if it is there and nothing is wrong with it, else None."""
        value = self.written(path) if self.is_sure(path) else None
        return parse_duration(value) if isinstance(value, str) else None

    def items(self, *path: str | int) -> tuple[tuple[int, str], ...]:
        """Return the texts of a list with their places, without those that are wrong."""
        value = self.raw(*path)
        texts = enumerate(value if isinstance(value, list) else ())
        return tuple(
            (index, text)
            for index, text in texts
            if isinstance(text, str) and not self.is_wrong((*path, index))
        )

    def tables(self, *path: str | int) -> tuple[str, ...] | None:
        """Return the names of the tables below a key; None if some may have been lost."""
        value = self.raw(*path)
        if self.is_wrong(path) or self.document.is_lost(path):
            return None
        return tuple(value) if isinstance(value, dict) else ()


def read_structure(text: str) -> Reading:
    """Return a policy file with the mistakes that each key shows by itself; never raises."""
    reading = Reading(read_toml(text))
    for mistake in reading.document.mistakes:
        reading.remark(mistake.path, mistake.text, mistake.line)
    shaped = _shape(reading.document.data, PolicyFile, (), reading)
    reading.values = shaped if isinstance(shaped, dict) else {}
    try:
        reading.file = PolicyFile.model_validate_json(json.dumps(shaped), strict=True)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _note(detail, reading)
    return reading


def _below(value: object, key: str | int) -> object:
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        found: object = value[key]
        return found
    return value.get(key) if isinstance(value, dict) else None


def nearest(word: object, known: Iterable[str]) -> str:
    """Return a suggestion to append to a sentence, or nothing if no known word is near."""
    found = difflib.get_close_matches(str(word), list(known), n=1)
    return f'; did you mean "{found[0]}"?' if found else ""


def _shape(value: object, kind: object, path: KeyPath, reading: Reading) -> object:
    """Return a value as JSON for its model: durations in ISO form, unknown keys left out."""
    kind = _unwrapped(kind)
    if kind is timedelta:
        return _duration(value, path, reading)
    if kind is date or isinstance(value, date | time):
        return _date(value, kind, path, reading)
    if isinstance(value, dict):
        fields = _fields(value, kind, path, reading)
        return {key: _shape(value[key], of, (*path, key), reading) for key, of in fields}
    if isinstance(value, list):
        _note_repetitions(value, path, reading)
        # What stands in a list that should be none is of no interest, and may be nested deeply.
        items = enumerate(value if get_origin(kind) is tuple else ())
        return [_shape(item, get_args(kind)[0], (*path, n), reading) for n, item in items]
    return value


def _unwrapped(kind: object) -> object:
    """Return the kind itself: without its limits, and of one that may be left out."""
    if isinstance(kind, UnionType):
        [kind] = [of for of in get_args(kind) if of is not NoneType]
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _duration(value: object, path: KeyPath, reading: Reading) -> str | None:
    try:
        length = parse_duration(value if isinstance(value, str) else _shown(value))
    except ValueError as error:
        reading.mistake(path, str(error))
        return None
    return f"P{length.days}DT{length.seconds}S"


def _date(value: object, kind: object, path: KeyPath, reading: Reading) -> str | None:
    if kind is not date:
        reading.mistake(path, f"{value} is a date or a time; write text in quotes")
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        reading.mistake(path, f"{_shown(value)} is not a date; write e.g. 2026-01-01")
        return None


def _fields(
    table: Mapping[str, object], kind: object, path: KeyPath, reading: Reading
) -> Iterator[tuple[str, object]]:
    """Yield the known keys of a table, each with the kind of its value; note the unknown ones."""
    if get_origin(kind) is dict:
        yield from ((key, get_args(kind)[1]) for key in table)
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return
    for key in table:
        if key in kind.model_fields:
            yield key, kind.model_fields[key].annotation
        else:
            reading.mistake((*path, key), f"is not a known key{nearest(key, kind.model_fields)}")


def _note_repetitions(values: list[object], path: KeyPath, reading: Reading) -> None:
    for index, value in enumerate(values):
        if isinstance(value, str) and value in values[:index]:
            reading.mistake((*path, index), f"{_shown(value)} stands in this list twice")


def _note(detail: ErrorDetails, reading: Reading) -> None:
    """Note an error of the models in words, unless it follows from one that is known."""
    path = tuple(key for key in detail["loc"] if key != "[key]")
    lost = detail["type"] == "missing" and reading.document.is_lost(path)
    emptied = detail["type"] == "too_short" and bool(detail["input"])
    if not (reading.is_wrong(path) or lost or emptied):
        of_name = "[key]" in detail["loc"]
        value = path[-1] if of_name else reading.written(path)
        note = reading.remark if of_name else reading.mistake
        note(path, _in_words(detail, path, value))


def _in_words(detail: ErrorDetails, path: KeyPath, value: object) -> str:
    kind, limits = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is missing"
    shown = _shown(value)
    if kind in {"enum", "literal_error"}:
        known = known_at(path) or _QUOTED.findall(limits["expected"])
        return f"{shown} is none of {', '.join(known)}{nearest(value, known)}"
    if kind not in _NOT_A:
        return f"{shown}: {detail['msg']}" if path else f"the file: {detail['msg']}"
    clauses = (CLAUSES_OF_LIMITS.get((*path, limit)) for limit in limits)
    asked = "".join(f" ({clause})" for clause in clauses if clause)
    return f"{shown} {_NOT_A[kind].format_map(limits)}{asked}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
