"""What must fit together in a policy file: calendars with the clocks on them, and messages."""

import sys
from datetime import UTC, datetime

from sop.calendar import SEARCH_LIMIT, Calendar, NoWorkingTimeError, add_working
from sop.durations import format_duration
from sop.plain_language import INQUIRY_MESSAGES, PLACEHOLDERS, check, fill, placeholders
from sop.policy_reading import Reading, nearest
from sop.policy_rules import Language
from sop.policy_tables import MATRICES
from sop.toml_statements import KeyPath

_SAMPLES = {
    "case_id": "inquiry-4f1c2a",
    "answer_by": "Mon 2026-11-23 14:05 CET",
    "receiver": "Workshop North",
    "receiver_contact": "extension 12",
}
_SAYS = {
    "promise": {"answer_by": "does not say by when; name {answer_by} (INQ-4.4.3)"},
    "handoff_begins": {"receiver": "does not say who receives; name {receiver} (HOF-4.2.3)"},
    "handoff_accepted": {
        "receiver_contact": "does not say whom to ask now; name {receiver_contact} (HOF-4.3.1)"
    },
}
_SOME_START = datetime(2026, 1, 1, tzinfo=UTC)


def check_clocks(reading: Reading, calendars: dict[str, Calendar]) -> None:
    """Note calendars that do not exist, and times that no calendar reaches."""
    tables: list[KeyPath] = []
    for matrix in MATRICES:
        rungs = reading.raw(*matrix.path)
        rows = range(len(rungs)) if isinstance(rungs, list) else ()
        tables += [(*matrix.path, number) for number in rows]
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
    for wanted, lacking in _SAYS.get(name, {}).items():
        if wanted not in used:
            reading.mistake(path, lacking)


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
