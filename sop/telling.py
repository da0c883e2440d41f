"""How a sentence about a journal entry is filled in from the entry's detail.

A sentence is a template. `{name}` is replaced by a value of the detail, `{name:form}` by the value
in a form: a moment at the desk, a quotation, words. What stands in `[brackets]` is left out where a
value in it is missing; `[?name|text]` is said where the value holds, `[!name|text]` where it is
there and does not. What people wrote is filled in once, and never read as a template.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sop.durations import format_duration
from sop.models import Role
from sop.policy import Desk
from sop.printable import printable

_PART = re.compile(r"\[(?:(?P<sign>[?!])(?P<flag>\w+)\|)?(?P<text>[^\[\]]*)\]")
_PLACE = re.compile(r"\{(?P<name>\w+)(?::(?P<form>\w+))?\}")
LONGEST_QUOTATION = 200
_UNKNOWN = "?"

_ROLES = {Role.CSR: "representative", Role.SYSTEM: "clock"}
_TOLD = {
    "handoff_begins": "that the handoff begins",
    "handoff_accepted": "that the receiving party has taken it",
    "handoff_returned": "that it has come back",
}


def words(name: object) -> str:
    """Return an identifier as words."""
    return str(name).replace("_", " ")


def role_in_words(role: object) -> str:
    """Return what a role is called."""
    known = Role(str(role)) if str(role) in set(Role) else None
    return _ROLES.get(known, words(known)) if known is not None else words(role)


@dataclass(frozen=True)
class Telling:
    """The values of one entry's detail, and the desk whose people read the sentence."""

    detail: Mapping[str, object]
    desk: Desk

    def fill(self, template: str) -> str:
        """Return a sentence filled in, fit for a terminal; what is missing is a question mark."""
        return printable("".join(self._parts(template)))

    def _parts(self, template: str) -> Iterator[str]:
        at = 0
        for part in _PART.finditer(template):
            yield self._filled(template[at : part.start()])
            if self._is_said(part):
                yield self._filled(part["text"])
            at = part.end()
        yield self._filled(template[at:])

    def _is_said(self, part: re.Match[str]) -> bool:
        if part["sign"] is not None:
            there = part["flag"] in self.detail
            return there and bool(self.detail[part["flag"]]) == (part["sign"] == "?")
        return all(self._value(place) is not None for place in _PLACE.finditer(part["text"]))

    def _filled(self, text: str) -> str:
        return _PLACE.sub(lambda place: self._value(place) or _UNKNOWN, text)

    def _value(self, place: re.Match[str]) -> str | None:
        value = self.detail.get(place["name"])
        if value is None or value in ("", []):
            return None
        form = _FORMS.get(place["form"])
        return form(value, self.desk) if form else str(value)


def _local(value: object, desk: Desk) -> str | None:
    try:
        return desk.local(datetime.fromisoformat(str(value)))
    except (ValueError, OverflowError):
        return None


def _late(value: object, _: Desk) -> str | None:
    """Say a lateness from a minute on; less is the time that work takes."""
    late = timedelta(milliseconds=value) if isinstance(value, int) else timedelta(0)
    return format_duration(late) if late >= timedelta(minutes=1) else None


def _quotation(value: object, _: Desk) -> str:
    text = printable(" ".join(str(value).split()))
    cut = text if len(text) <= LONGEST_QUOTATION else f"{text[: LONGEST_QUOTATION - 1]}…"
    return f"“{cut}”"


def _list(value: object, _: Desk) -> str:
    return ", ".join(map(words, value)) if isinstance(value, list) else words(value)


def _rung(value: object, _: Desk) -> str:
    """Return a rung's name; the first occasion is not worth a word."""
    name, dash, occasion = str(value).rpartition("-")
    if not (dash and occasion.isdecimal()):
        return words(value)
    return words(name) if occasion == "1" else f"{words(name)}, occasion {occasion}"


def _deadlines(value: object, desk: Desk) -> str | None:
    """Return what a ladder is armed with: `complaint-1 2026-11-23T20:00:00+00:00`, ..."""
    pairs = (str(rung).partition(" ") for rung in value) if isinstance(value, list) else ()
    said = [f"{_rung(key, desk)} {_local(due, desk) or 'not yet'}" for key, _, due in pairs]
    return ", ".join(said) or None


def _kept(value: object, _: Desk) -> str:
    return "as promised" if value else "after the promised time"


_FORMS: Mapping[str | None, Callable[[object, Desk], str | None]] = {
    "local": _local,
    "late": _late,
    "quote": _quotation,
    "list": _list,
    "rung": _rung,
    "deadlines": _deadlines,
    "kept": _kept,
    "words": lambda value, _: words(value),
    "role": lambda value, _: role_in_words(value),
    "told": lambda value, _: _TOLD.get(str(value), f"of {words(value)}"),
}
