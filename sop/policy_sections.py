"""What contradicts itself, or the procedure, in single sections of a policy file."""

from datetime import timedelta

from sop.durations import format_duration
from sop.handoff.models import TransferChannel
from sop.identity import Form
from sop.policy import Starts
from sop.policy_reading import Reading, nearest
from sop.policy_rungs import ReadRung
from sop.policy_tables import STAFF, known_at
from sop.toml_lines import label
from sop.toml_statements import KeyPath

_LEAST_FORMS = 2


def check_sections(reading: Reading) -> None:
    """Note values that contradict each other, or the procedure, outside the matrices."""
    _check_forms(reading)
    _check_attempts(reading)
    _check_handoff(reading)
    _check_warnings(reading)
    _check_training(reading)
    _check_duties(reading)


def check_returns(rows: tuple[ReadRung, ...], reading: Reading) -> None:
    """Note rungs that wait for an acknowledgement when custody has long returned (HOF-4.2.5)."""
    limit = reading.duration("handoff", "return_after")
    for row in rows:
        after = reading.duration(*row.path, "after")
        waits = row.sure("starts") and row.rung.starts == Starts.TRANSFER
        if waits and after is not None and limit is not None and after >= limit:
            text = f"never comes: custody returns after {format_duration(limit)}"
            reading.mistake((*row.path, "after"), f'"{format_duration(after)}" {text}')


def _check_forms(reading: Reading) -> None:
    forms = reading.at("verification", "forms")
    if isinstance(forms, list) and len(forms) < _LEAST_FORMS:
        reading.mistake(("verification", "forms"), "needs two forms at least (HOF-4.1.2)")
    _check_words(
        ("identification", "primary"), "is no photo document of a government (HOF-4.1.2)", reading
    )
    _check_words(
        ("identification", "secondary"), "is a primary form, not a second one (HOF-4.1.2)", reading
    )
    secondary = ("identification", "secondary")
    accepted = reading.at(*secondary)
    switched_off = reading.at("identification", "security_question") is False
    if switched_off and accepted == [Form.SECURITY_QUESTION]:
        text = "has only the security question, which is switched off; a second form is needed"
        reading.mistake(secondary, f"{text} (HOF-4.1.2)")


def _check_words(path: KeyPath, text: str, reading: Reading) -> None:
    """Note words that are of the right type, but that this place does not know."""
    known = known_at(path) or ()
    for index, word in reading.items(*path):
        if word not in known:
            reading.mistake((*path, index), f'"{word}" {text}; use one of {", ".join(known)}')


def _check_attempts(reading: Reading) -> None:
    of_call = reading.at("identification", "attempts_per_call")
    of_customer = reading.at("identification", "attempts_per_customer")
    if isinstance(of_call, int) and isinstance(of_customer, int) and of_call > of_customer:
        text = f"must not be more than identification.attempts_per_customer, {of_customer}"
        reading.mistake(("identification", "attempts_per_call"), text)
    _check_at_most(
        ("identification", "approval_valid_for"), ("identification", "valid_for"), reading
    )


def _check_handoff(reading: Reading) -> None:
    if reading.raw("handoff") is None:
        return
    lost = reading.document.is_lost(("identification",))
    if reading.raw("identification") is None and not lost:
        text = "needs [identification] beside it: nothing is handed over unverified (HOF-4.1.2)"
        reading.remark(("handoff",), text)
    approved = dict(reading.items("handoff", "channels")).values()
    carriers = ("handoff", "carriers")
    named = reading.raw(*carriers) or not reading.is_sure(carriers)
    if TransferChannel.COURIER in approved and not (named or reading.document.is_lost(carriers)):
        text = 'names nobody, but "courier" is among handoff.channels (HOF-4.2.4)'
        reading.mistake(carriers, text)
    _check_less(("handoff", "remind_every"), ("handoff", "return_after"), reading)


def _check_warnings(reading: Reading) -> None:
    for section in ("incident", "privacy"):
        _check_shares((section, "warn_at"), reading)


def _check_shares(path: KeyPath, reading: Reading) -> None:
    shares = reading.raw(*path)
    last: float | None = None
    for index, share in enumerate(shares if isinstance(shares, list) else ()):
        if not isinstance(share, int | float) or reading.is_wrong((*path, index)):
            continue
        if last is not None and share <= last:
            reading.mistake((*path, index), f"{share} does not come after {last}")
        last = share


def _check_training(reading: Reading) -> None:
    _check_less(("training", "warn_before"), ("training", "valid_for"), reading)
    courses = reading.raw("training", "courses")
    first: dict[object, KeyPath] = {}
    for number in range(len(courses) if isinstance(courses, list) else 0):
        path: KeyPath = ("training", "courses", number)
        name = reading.at(*path, "course")
        namesake = first.setdefault(name, path)
        if name is not None and namesake != path:
            line = reading.document.line(namesake)
            reading.mistake((*path, "course"), f'"{name}" is already the course of line {line}')
        for index, role in reading.items(*path, "roles"):
            if role not in STAFF:
                text = f'"{role}" is not trained; use one of {", ".join(STAFF)}'
                reading.mistake((*path, "roles", index), f"{text}{nearest(role, STAFF)}")


def _check_duties(reading: Reading) -> None:
    _check_less(("review", "within"), ("review", "every"), reading)
    role, known = reading.at("audit", "to"), known_at(("audit", "to")) or ()
    if isinstance(role, str) and role not in known:
        text = f'"{role}" does not audit; use one of {", ".join(known)}{nearest(role, known)}'
        reading.mistake(("audit", "to"), text)
    lost = reading.document.is_lost(("duty",))
    if reading.raw("audit") is not None and reading.raw("duty") is None and not lost:
        text = "needs [[duty.escalation]] beside it: nobody would learn of one that is overdue"
        reading.remark(("audit",), f"{text} (HOF-6.2)")


def _check_less(path: KeyPath, limit: KeyPath, reading: Reading) -> None:
    length, most = reading.duration(*path), reading.duration(*limit)
    if length is not None and most is not None and length >= most:
        reading.mistake(path, f"must be less than {_named(limit, most)}")


def _check_at_most(path: KeyPath, limit: KeyPath, reading: Reading) -> None:
    length, most = reading.duration(*path), reading.duration(*limit)
    if length is not None and most is not None and length > most:
        reading.mistake(path, f"must not be more than {_named(limit, most)}")


def _named(path: KeyPath, value: timedelta) -> str:
    return f"{label(path)}, {format_duration(value)}"
