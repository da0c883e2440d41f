"""What must fit together in a policy file: names that refer to each other, limits, messages."""

import json
import sys
from datetime import UTC, datetime

from sop.calendar import SEARCH_LIMIT, Calendar, NoWorkingTimeError, add_working
from sop.clauses import CLAUSES
from sop.durations import format_duration
from sop.plain_language import INQUIRY_MESSAGES, PLACEHOLDERS, check, fill, placeholders
from sop.policy import ON_CALL, Rung, Starts
from sop.policy_matrix import ReadRung
from sop.policy_reading import Reading, nearest
from sop.policy_rules import Language
from sop.toml_statements import KeyPath

_PLACEHOLDERS = {"rung": "unreadable", "clause": "INQ-6.1", "after": "PT0S", "to": "team_leader"}
_SAMPLES = {
    "case_id": "inquiry-4f1c2a",
    "answer_by": "Mon 2026-11-23 14:05 CET",
    "receiver": "Workshop North",
    "receiver_contact": "extension 12",
}
_LEAST_FORMS = 2
_SOME_START = datetime(2026, 1, 1, tzinfo=UTC)


def read_rungs(reading: Reading) -> tuple[ReadRung, ...]:
    """Return the rows of the matrix, also those of which a part is wrong."""
    tables = reading.raw("escalation")
    rows = []
    for number, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            unsure = frozenset(
                name
                for name in Rung.model_fields
                if not reading.is_sure(("escalation", number, name))
                or (name not in table and reading.document.is_lost(("escalation", number, name)))
            )
            values = _PLACEHOLDERS | {k: v for k, v in table.items() if k not in unsure}
            rung = Rung.model_validate_json(json.dumps(values), strict=True)
            rows.append(ReadRung(number, rung, unsure))
    return tuple(rows)


def check_rungs(rows: tuple[ReadRung, ...], reading: Reading) -> None:
    """Note what does not fit in single rows of the matrix, and rows that share a name."""
    first: dict[str, int] = {}
    for row in rows:
        path: KeyPath = ("escalation", row.number)
        name = row.rung.rung
        if row.sure("rung") and first.setdefault(name, row.number) != row.number:
            line = reading.document.line(("escalation", first[name]))
            reading.mistake((*path, "rung"), f'"{name}" is already the rung of line {line}')
        if row.sure("clause") and row.rung.clause not in CLAUSES:
            known = nearest(row.rung.clause, CLAUSES)
            reading.mistake((*path, "clause"), f'"{row.rung.clause}" is no clause{known}')
        if row.sure("warn_at", "after") and row.rung.warn_at is not None and not row.rung.after:
            reading.mistake((*path, "warn_at"), "has no meaning where the rung is due at once")
        _check_conditions(row, path, reading)
        _check_chain(path, reading)


def _check_conditions(row: ReadRung, path: KeyPath, reading: Reading) -> None:
    rung = row.rung
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


def check_clocks(reading: Reading, calendars: dict[str, Calendar]) -> None:
    """Note calendars that do not exist, and times that no calendar reaches."""
    rungs = reading.raw("escalation")
    rows = range(len(rungs)) if isinstance(rungs, list) else ()
    tables: list[KeyPath] = [("escalation", number) for number in rows]
    known = reading.tables("calendars")
    for path in (*tables, ("follow_up",)):
        name = reading.at(*path, "calendar")
        name = "always" if name is None else name
        if known is not None and name not in {*known, "always"}:
            text = f'"{name}" is no calendar of this file{nearest(name, (*known, "always"))}'
            reading.mistake((*path, "calendar"), text)
        elif isinstance(name, str) and name in calendars:
            for key in ("after", "every"):
                _check_reach((*path, key), calendars[name], reading)


def _check_reach(path: KeyPath, calendar: Calendar, reading: Reading) -> None:
    after = reading.duration(*path)
    if after is None:
        return
    try:
        add_working(calendar, _SOME_START, after)
    except NoWorkingTimeError:
        text = f'"{format_duration(after)}" of working time is not reached on the calendar'
        reading.mistake(path, f'{text} "{calendar.name}" in {SEARCH_LIMIT.days} days')


def check_periods(reading: Reading) -> None:
    """Note values that contradict each other outside the matrix."""
    valid_for = reading.duration("training", "valid_for")
    warn_before = reading.duration("training", "warn_before")
    if valid_for is not None and warn_before is not None and warn_before >= valid_for:
        text = f"must be less than training.valid_for, {format_duration(valid_for)}"
        reading.mistake(("training", "warn_before"), text)
    forms = reading.at("verification", "forms")
    if isinstance(forms, list) and len(forms) < _LEAST_FORMS:
        reading.mistake(("verification", "forms"), "needs two forms at least (HOF-4.1.2)")


def check_messages(reading: Reading) -> None:
    """Note messages that are missing, unknown, or not what a customer should read (INQ-5)."""
    messages = reading.raw("messages")
    if not isinstance(messages, dict):
        return
    wanted = PLACEHOLDERS if reading.raw("handoff") is not None else INQUIRY_MESSAGES
    for name in wanted:
        if name not in messages and not reading.document.is_lost(("messages", name)):
            reading.mistake(("messages", name), "is missing")
    for name in messages:
        if name not in PLACEHOLDERS:
            text = f"is not a message that is sent{nearest(name, PLACEHOLDERS)}"
            reading.mistake(("messages", name), text)
            continue
        for register in ("plain", "technical"):
            _check_message(name, register, reading)


def _check_message(name: str, register: str, reading: Reading) -> None:
    path = ("messages", name, register)
    text = reading.at(*path)
    if not isinstance(text, str) or (register == "technical" and not text):
        return
    try:
        used = placeholders(text)
    except ValueError as error:
        reading.mistake(path, str(error))
        return
    for unknown in sorted(used - PLACEHOLDERS[name]):
        known = ", ".join(f"{{{known}}}" for known in sorted(PLACEHOLDERS[name]))
        hint = nearest(unknown, PLACEHOLDERS[name])
        reading.mistake(path, f"{{{unknown}}} is not filled in here, only {known}{hint}")
    if used <= PLACEHOLDERS[name]:
        for finding in _findings(text, register, reading):
            reading.mistake(path, finding)
    if name == "promise" and "answer_by" not in used:
        reading.mistake(path, "does not say by when; name {answer_by} (INQ-4.4.3)")


def _findings(template: str, register: str, reading: Reading) -> tuple[str, ...]:
    desk = {key: reading.at("desk", key) for key in ("company", "contact")}
    named = {key: value if isinstance(value, str) else f"the {key}" for key, value in desk.items()}
    max_words = reading.at("language", "max_words")
    language = Language(
        max_words=max_words if isinstance(max_words, int) else sys.maxsize,
        jargon=tuple(dict(reading.items("language", "jargon")).values()),
    )
    return check(
        fill(template, _SAMPLES | named),
        language,
        contact=named["contact"],
        technical_terms=register == "technical",
    )
