"""A policy as people read it: its matrices as tables, its other rules in words."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from rich.table import Table
from rich.text import Text

from sop.durations import format_duration
from sop.identity import Form
from sop.policy import (
    Course,
    HandoffPolicy,
    IdentificationRule,
    IncidentPolicy,
    Policy,
    PrivacyPolicy,
    Rung,
)
from sop.policy_tables import MATRICES, Matrix

_Column = tuple[str, Callable[[Rung], str]]


def tables(policy: Policy) -> Iterator[Table]:
    """Yield a table for each matrix that the policy has, and one of the other rules."""
    for matrix in MATRICES:
        if rungs := matrix.rungs(policy):
            yield _matrix(matrix, rungs)
    rules = Table(show_header=False)
    for name, rule in _sentences(policy):
        rules.add_row(name, Text(rule))  # a bracket in a name is no markup
    yield rules


def _matrix(matrix: Matrix, rungs: tuple[Rung, ...]) -> Table:
    table = Table(title=f"Escalation of {matrix.cases}")
    columns = [
        (heading, value)
        for heading, value in _COLUMNS
        if matrix.is_of_inquiries or heading not in _OF_INQUIRIES
    ]
    for heading, _ in columns:
        table.add_column(heading, overflow="fold")
    for rung in rungs:
        table.add_row(*(value(rung) for _, value in columns))
    return table


def _applies_to(rung: Rung) -> str:
    conditions = [*rung.categories, *rung.priorities, *(["complex"] if rung.complex else [])]
    return " or ".join(conditions) or "every inquiry"


_COLUMNS: tuple[_Column, ...] = (
    ("rung", lambda rung: rung.rung),
    ("clause", lambda rung: rung.clause),
    ("applies to", _applies_to),
    ("counted from", lambda rung: _words(rung.starts)),
    ("after", lambda rung: format_duration(rung.after) if rung.after else "at once"),
    ("calendar", lambda rung: rung.calendar),
    (
        "pauses",
        lambda rung: "while the customer owes an answer" if rung.pause_while_waiting else "never",
    ),
    ("warning", lambda rung: _share(rung.warn_at)),
    ("to, then", lambda rung: ", ".join(_words(role) for role in rung.roles)),
)
_OF_INQUIRIES = frozenset({"applies to", "pauses"})


def _sentences(policy: Policy) -> Iterator[tuple[str, str]]:
    yield from _of_the_desk(policy)
    yield from _of_identification(policy.case.identification)
    yield from _of_handoffs(policy.handoff)
    yield from _of_incidents(policy.incident)
    yield from _of_privacy(policy.privacy)
    yield from _of_the_years(policy)


def _of_the_desk(policy: Policy) -> Iterator[tuple[str, str]]:
    case = policy.case
    paging, follow_up = case.paging, case.follow_up
    yield "policy", f"{policy.version}, effective from {policy.effective_from}"
    yield "SHA-256", policy.digest
    yield "desk", f"{case.desk.name}, {case.desk.company}, {case.desk.time_zone}"
    yield "channels", ", ".join(case.channels)
    yield "categories", ", ".join(case.categories)
    yield "priorities", ", ".join(case.priorities)
    yield (
        "paging",
        f"every {format_duration(paging.repeat_every)}, the next role after "
        f"{format_duration(paging.climb_after)}; an acknowledgement holds for "
        f"{format_duration(paging.acknowledged_for)}",
    )
    longest = format_duration(case.promise.longest)
    yield "promise", f"{longest} at most; warning: {_share(case.promise.warn_at)}"
    yield (
        "follow-up",
        f"{format_duration(follow_up.after)} after the resolution, then every "
        f"{format_duration(follow_up.every)}, {follow_up.attempts} attempts, "
        f"calendar {follow_up.calendar}",
    )


def _of_identification(rule: IdentificationRule | None) -> Iterator[tuple[str, str]]:
    if rule is None:
        yield "identification", "none: the file has no [identification]"
        return
    accepted = [
        form for form in rule.secondary if rule.security_question or form != Form.SECURITY_QUESTION
    ]
    yield "identification", f"one of {_list(rule.primary)}, and one of {_list(accepted)}"
    yield (
        "attempts",
        f"{rule.attempts_per_call} in a case; within {format_duration(rule.attempts_within)} "
        f"{rule.attempts_per_customer} for a customer, {rule.attempts_per_representative} by a "
        f"representative; then a supervisor decides",
    )
    yield (
        "identity",
        f"counts for {format_duration(rule.valid_for)}; a supervisor's approval is used within "
        f"{format_duration(rule.approval_valid_for)}",
    )


def _of_handoffs(pinned: HandoffPolicy | None) -> Iterator[tuple[str, str]]:
    if pinned is None:
        yield "handoff", "none: the file has no [handoff]"
        return
    rule = pinned.handoff
    couriers = f"; couriers: {_list(rule.carriers)}" if rule.carriers else ""
    yield "handoff", f"by {_list(rule.channels)} only{couriers}"
    yield (
        "custody",
        f"the receiving party is reminded every {format_duration(rule.remind_every)}; "
        f"unacknowledged, it returns to the sender after {format_duration(rule.return_after)}",
    )


def _of_incidents(pinned: IncidentPolicy | None) -> Iterator[tuple[str, str]]:
    if pinned is None:
        yield "incident", "none: the file has no [incident]"
        return
    shares = ", ".join(f"{share:.0%}" for share in pinned.incident.warn_at)
    within = format_duration(pinned.incident.regulator_within)
    yield (
        "incident",
        f"the regulator is told within {within}; warning: "
        + (f"at {shares}" if shares else "none"),
    )


def _of_privacy(pinned: PrivacyPolicy | None) -> Iterator[tuple[str, str]]:
    if pinned is None:
        yield "privacy", "none: the file has no [privacy]"
        return
    rule = pinned.privacy
    shares = ", ".join(f"{share:.0%}" for share in rule.warn_at)
    yield (
        "privacy",
        f"answered within {rule.gdpr_months} month (GDPR), extended by "
        f"{rule.gdpr_extension_months}, or {rule.ccpa_days} days (CCPA), extended by "
        f"{rule.ccpa_extension_days}; warning: {f'at {shares}' if shares else 'none'}; "
        f"paged at {rule.page_at:.0%}",
    )
    yield (
        "privacy",
        f"an export is kept for {format_duration(rule.export_kept_for)}; a hold is reviewed "
        f"within {format_duration(rule.review_hold_within)}",
    )


def _of_the_years(policy: Policy) -> Iterator[tuple[str, str]]:
    kept, audit = policy.retention, policy.audit
    yield (
        "retention",
        f"months after closing: inquiry {kept.inquiry}, verification {kept.verification}, "
        f"handoff {kept.handoff}, incident {kept.incident}; days: history {kept.history_days}; "
        f"months of an entry of the access log {kept.access_log}",
    )
    bases = ", ".join(f"{name} {_words(basis)}" for name, basis in kept.legal_basis)
    yield "erasure", f"what the law keeps until then: {bases}"
    yield (
        "training",
        f"valid for {format_duration(policy.training_valid_for)}, warning "
        f"{format_duration(policy.training_warn_before)} before",
    )
    for course in policy.courses:
        yield "course", _course(course)
    yield "review", f"every {format_duration(policy.review_every)}" + _done(policy.review_within)
    if audit:
        cases = "1 closed case" if audit.sample == 1 else f"{audit.sample} closed cases"
        yield "audit", f"{cases} a month, by the {_words(audit.to)}" + _done(audit.within)
    else:
        yield "audit", "none: the file has no [audit]"


def _course(course: Course) -> str:
    procedures = ", ".join(course.procedures)
    anew = f"; anew if before {course.revised_on}" if course.revised_on else ""
    return f"{course.course}: for the steps of {procedures}; {_list(course.roles)}{anew}"


def _done(within: timedelta | None) -> str:
    return f"; to be done within {format_duration(within)}" if within else ""


def _share(warn_at: float | None) -> str:
    return f"at {warn_at:.0%}" if warn_at is not None else "none"


def _list(names: Iterable[str]) -> str:
    return ", ".join(_words(name) for name in names)


def _words(name: str) -> str:
    return name.replace("_", " ")
