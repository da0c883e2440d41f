"""`policies/company.toml` is a policy in order; its line numbers are those expected below."""

import pytest

from sop.errors import PolicyError
from tests.sop.policy_files import changed, mistakes, read

NO_DURATION = 'is not a duration; write e.g. "45m", "12h", "1d 12h"'
NO_NAME = "is not a name; use small letters, digits and _, a letter first"
ON_CALL = "team_leader, subject_matter_expert, quality_manager, duty_manager, privacy_officer"
QUOTES = 'text and durations stand in quotes, e.g. "12h"'


WRONG: list[tuple[dict[int, str], list[str]]] = [
    # What is not TOML, or says a thing twice.
    ({48: "after = 12h"},
     ["line 48: escalation[2].after: is not TOML (expected newline or end of document after a "
      f"statement); {QUOTES}"]),
    ({19: "channels = [phone]"},
     [f"line 19: intake.channels: is not TOML (invalid value); {QUOTES}"]),
    ({25: 'priorities = ["urgent", "standard", "low"'},
     ["line 25: intake.priorities: is not TOML (unclosed array)"]),
    ({4: "[desk"},
     ["line 4: desk: is not TOML (expected ']' at the end of a table declaration)"]),
    ({4: "[the desk]"},
     ["line 4: `[the desk]` is not TOML (expected ']' at the end of a table declaration)"]),
    ({86: "inquiry = 13"},
     ["line 84: retention.verification: is missing",
      "line 86: retention.inquiry: is set a second time; keep one of the two"]),
    ({94: "[retention]"},
     ["line 1: review: is missing",
      "line 94: retention: is set a second time; keep one of the two"]),
    # Keys that are missing or unknown.
    ({1: ""}, ["line 1: version: is missing"]),
    ({75: "", 76: ""}, ["line 1: promise: is missing"]),
    ({76: ""}, ["line 75: promise.longest: is missing"]),
    ({50: ""}, ["line 44: escalation[2].to: is missing"]),
    ({3: "verison = 1"},
     ['line 3: verison: is not a known key; did you mean "version"?']),
    ({8: 'contcat = "us"'},
     ["line 4: desk.contact: is missing",
      'line 8: desk.contcat: is not a known key; did you mean "contact"?']),
    ({49: "warn_after = 0.5"},
     ['line 49: escalation[2].warn_after: is not a known key; did you mean "warn_at"?']),
    # Values of the wrong type.
    ({1: "version = 2026"}, ["line 1: version: 2026 is not text; write it in quotes"]),
    ({2: 'effective_from = "soon"'},
     ['line 2: effective_from: "soon" is not a date; write e.g. 2026-01-01']),
    ({2: "effective_from = 2026-03-01T08:00:00"},
     ['line 2: effective_from: "2026-03-01 08:00:00" is not a date; write e.g. 2026-01-01']),
    ({5: "name = 2026-03-01"},
     ["line 5: desk.name: 2026-03-01 is a date or a time; write text in quotes"]),
    ({5: 'name = ""'}, ['line 5: desk.name: "" must not be empty']),
    ({81: 'attempts = "3"'}, ['line 81: follow_up.attempts: "3" is not a whole number']),
    ({81: "attempts = 0"}, ["line 81: follow_up.attempts: 0 must not be less than 1"]),
    ({57: 'complex = "yes"'},
     ['line 57: escalation[3].complex: "yes" is neither true nor false']),
    ({47: 'categories = "complaint"'},
     ['line 47: escalation[2].categories: "complaint" is not a list; write e.g. ["a", "b"]']),
    ({94: "[[review]]"}, ["line 94: review: a list is not a table"]),
    # Durations.
    ({48: 'after = "12 hour"'}, [f'line 48: escalation[2].after: "12 hour" {NO_DURATION}']),
    ({48: "after = 12"}, [f'line 48: escalation[2].after: "12" {NO_DURATION}']),
    ({71: 'repeat_every = "30s"'},
     ['line 71: paging.repeat_every: "30s" must not be less than 1 minute']),
    ({76: 'longest = "0s"'}, ['line 76: promise.longest: "0s" must be more than 0 seconds']),
    ({66: 'after = "9999d"'},
     ['line 66: escalation[4].after: "9999d" of working time is not reached on the calendar '
      '"office" in 3653 days']),
    # Names that refer to nothing.
    ({50: 'to = "quality_manger"'},
     [f'line 50: escalation[2].to: "quality_manger" is none of {ON_CALL}; '
      'did you mean "quality_manager"?']),
    ({60: 'chain = ["team_leader", "boss"]'},
     [f'line 60: escalation[3].chain[1]: "boss" is none of {ON_CALL}']),
    ({68: 'to = "auditor"'},
     [f'line 68: escalation[4].to: "auditor" cannot be paged; use one of {ON_CALL}']),
    ({19: 'channels = ["phone", "emial"]'},
     ['line 19: intake.channels[1]: "emial" is none of phone, email, chat, in_person; '
      'did you mean "email"?']),
    ({19: 'channels = ["fax"]'},
     ['line 19: intake.channels[0]: "fax" is none of phone, email, chat, in_person']),
    ({65: 'categories = ["biling"]'},
     ['line 65: escalation[4].categories[0]: "biling" is not in intake.categories; '
      'did you mean "billing"?']),
    ({23: ""},
     ['line 47: escalation[2].categories[0]: "complaint" is not in intake.categories']),
    ({25: 'priorities = ["standard", "low"]'},
     ['line 33: escalation[0].priorities[0]: "urgent" is not in intake.priorities']),
    ({67: 'calendar = "offices"'},
     ['line 67: escalation[4].calendar: "offices" is no calendar of this file; '
      'did you mean "office"?']),
    ({82: 'calendar = "shop"'},
     ['line 82: follow_up.calendar: "shop" is no calendar of this file']),
    ({64: 'clause = "INQ-4.4.9"'},
     ['line 64: escalation[4].clause: "INQ-4.4.9" is no clause; did you mean "INQ-4.4.4"?']),
    # Names that are none, or that are taken.
    ({21: '    "billing", "Praise!",'},
     [f'line 21: intake.categories[1]: "Praise!" {NO_NAME}']),
    ({21: '    "billing",\n"billing",'},
     ['line 22: intake.categories[1]: "billing" stands in this list twice']),
    ({10: "[calendars.Office]", 67: "", 82: ""},
     [f'line 10: calendars.Office: "Office" {NO_NAME}']),
    ({10: "[calendars.always]", 67: "", 82: ""},
     ["line 10: calendars.always: is taken: it runs around the clock and needs no table"]),
    # The matrix.
    ({63: 'rung = "complaint"'},
     ['line 63: escalation[4].rung: "complaint" is already the rung of line 44']),
    ({51: 'chain = ["duty_manager", "quality_manager"]'},
     ['line 51: escalation[2].chain[1]: "quality_manager" is in the chain already']),
    ({60: 'chain = ["team_leader", "team_leader"]'},
     ['line 60: escalation[3].chain[1]: "team_leader" stands in this list twice']),
    ({49: "warn_at = 1.0"}, ["line 49: escalation[2].warn_at: 1.0 must be less than 1.0"]),
    ({49: "warn_at = 0"}, ["line 49: escalation[2].warn_at: 0 must be more than 0.0"]),
    ({36: "warn_at = 0.5"},
     ["line 36: escalation[0].warn_at: has no meaning where the rung is due at once"]),
    ({65: ""},
     ["line 62: escalation[4].every_inquiry: neither categories, priorities nor complex say "
      "which inquiries the rung is for; if it is for all, write true"]),
    ({69: "every_inquiry = true"},
     ["line 69: escalation[4].every_inquiry: is true, but categories, priorities or complex say "
      "otherwise; keep one of them"]),
    # The calendars.
    ({7: 'time_zone = "Europe/Wien"'},
     ['line 7: desk.time_zone: "Europe/Wien" is not a time zone; '
      'did you mean "Europe/Vienna"?']),
    ({11: 'time_zone = "../etc"'},
     ['line 11: calendars.office.time_zone: "../etc" is not a time zone; '
      'write e.g. "Europe/Berlin"']),
    ({12: ""}, ["line 13: calendars.office.subdivision: needs a country beside it"]),
    ({14: "closed_on = [24]"},
     ["line 14: calendars.office.closed_on[0]: 24 is not a date; write e.g. 2026-01-01"]),
    ({15: 'mon = ["8-12"]'},
     ["line 15: calendars.office.mon[0]: '8-12' is no opening window: write HH:MM-HH:MM, such as "
      "09:00-12:30, 22:00-06:00 for a night, or 00:00-24:00 for a whole day"]),
    ({15: 'mon = ["08:00-12:00", "11:00-17:00"]'},
     ['line 15: calendars.office.mon[1]: "11:00-17:00" overlaps "08:00-12:00"']),
    ({15: "", 16: ""},
     ['line 10: calendars.office: is never open; write e.g. mon = ["09:00-17:00"]']),
    # The procedures' own limits.
    ({28: 'forms = ["passport"]'},
     ["line 28: verification.forms: needs two forms at least (HOF-4.1.2)"]),
    ({91: 'valid_for = "367d"'},
     ['line 91: training.valid_for: "367d" must not be more than 366 days (HOF-6.1)']),
    ({92: 'warn_before = "365d"'},
     ["line 92: training.warn_before: must be less than training.valid_for, 365d"]),
    ({95: 'every = "400d"'},
     ['line 95: review.every: "400d" must not be more than 366 days (INQ-8.1)']),
    # The messages.
    ({101: "", 102: ""}, ["line 104: messages.promise: is missing"]),
    ({108: "[messages.followup]"},
     ["line 101: messages.follow_up: is missing",
      'line 108: messages.followup: is not a message that is sent; did you mean "follow_up"?']),
    ({102: 'plain = "By {answerby} at {contact}. Or {answer_by}."'},
     ["line 102: messages.promise.plain: {answerby} is not filled in here, only {answer_by}, "
      "{case_id}, {company}, {contact}; did you mean \"answer_by\"?"]),
    ({109: 'plain = "Well by {answer_by}? Call {contact}."'},
     ["line 109: messages.follow_up.plain: {answer_by} is not filled in here, only {case_id}, "
      "{company}, {contact}"]),
    ({102: 'plain = "By {answer_by:>9} at {contact}."'},
     ["line 102: messages.promise.plain: {answer_by:>9} is not a placeholder: write a name in "
      "braces"]),
    ({102: 'plain = "By {answer_by at {contact}."'},
     ["line 102: messages.promise.plain: a brace has no partner; write {{ or }} for a plain "
      "brace"]),
    ({102: 'plain = "Soon, call {contact}."'},
     ["line 102: messages.promise.plain: does not say by when; name {answer_by} (INQ-4.4.3)"]),
    ({109: 'plain = "Is all well?"'},
     ["line 109: messages.follow_up.plain: does not say how to reach a person; name {contact}"]),
    ({105: 'plain = "We closed your ticket. Call {contact}."'},
     ['line 105: messages.resolution.plain: sentence 1 says "ticket", which is jargon: '
      '"We closed your ticket."']),
    ({98: "max_words = 8", 109: 'plain = "Well? Call {contact}."'},
     ["line 102: messages.promise.plain: sentence 1 has 9 words, not 8 at most: "
      '"You hear from us by Mon 2026-11-23 14:05 CET."',
      "line 102: messages.promise.plain: sentence 2 has 9 words, not 8 at most: "
      '"Until then you can reach us on 0800 123."',
      "line 105: messages.resolution.plain: sentence 2 has 9 words, not 8 at most: "
      '"If anything is wrong, call us on 0800 123."',
      "line 106: messages.resolution.technical: sentence 2 has 9 words, not 8 at most: "
      '"If anything is wrong, call us on 0800 123."']),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "expected"), WRONG)
def test_a_wrong_file_is_refused_with_the_line_and_the_key(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


def test_a_refusal_names_all_the_mistakes_in_lines_of_their_own() -> None:
    with pytest.raises(PolicyError) as refusal:
        read(changed({1: "", 81: "attempts = 0"}))

    assert str(refusal.value) == "\n".join(refusal.value.mistakes)
    assert len(refusal.value.mistakes) == 2


@pytest.mark.parametrize(
    ("line", "kept", "expected"),
    [
        pytest.param(85, "inquiry = 11", "inquiry: 11 must not be less than 12 (INQ-7.1)",
                     marks=pytest.mark.clause("INQ-7.1")),
        pytest.param(86, "verification = 35", "verification: 35 must not be less than 36 (HOF-7.1)",
                     marks=pytest.mark.clause("HOF-7.1")),
        pytest.param(87, "handoff = 0", "handoff: 0 must not be less than 36 (HOF-7.2)",
                     marks=pytest.mark.clause("HOF-7.2")),
        pytest.param(88, "incident = 59", "incident: 59 must not be less than 60 (HOF-7.3)",
                     marks=pytest.mark.clause("HOF-7.3")),
    ],
)  # fmt: skip
def test_records_that_are_kept_for_less_than_the_procedures_ask_are_refused(
    line: int, kept: str, expected: str
) -> None:
    assert mistakes(changed({line: kept})) == [f"line {line}: retention.{expected}"]


@pytest.mark.parametrize(
    ("edits", "key", "known"),
    [
        ({12: 'country = "XX"'}, "line 12: calendars.office.country", "AT"),
        ({13: 'subdivision = "99"'}, "line 13: calendars.office.subdivision", "BW"),
        ({12: 'country = "XX"', 13: ""}, "line 12: calendars.office.country", "AT"),
    ],
)
def test_an_unknown_region_is_refused_with_those_that_are_known(
    edits: dict[int, str], key: str, known: str
) -> None:
    (mistake,) = mistakes(changed(edits))

    assert mistake.startswith(f"{key}: no holidays are known for the ")
    assert f" {known}, " in mistake


def test_all_the_mistakes_of_a_file_are_named_in_their_order() -> None:
    text = changed(
        {
            1: "version = 2026",
            3: "verison = 1",
            19: "channels = [phone]",
            48: 'after = "12 hour"',
            57: 'complex = "yes"',
            63: 'rung = "complaint"',
            67: 'calendar = "offices"',
            76: "",
            81: 'attempts = "3"',
            85: "inquiry = 11",
            109: 'plain = "Is all well?"',
        }
    )

    assert mistakes(text) == [
        "line 1: version: 2026 is not text; write it in quotes",
        'line 3: verison: is not a known key; did you mean "version"?',
        f"line 19: intake.channels: is not TOML (invalid value); {QUOTES}",
        f'line 48: escalation[2].after: "12 hour" {NO_DURATION}',
        'line 57: escalation[3].complex: "yes" is neither true nor false',
        'line 63: escalation[4].rung: "complaint" is already the rung of line 44',
        'line 67: escalation[4].calendar: "offices" is no calendar of this file; '
        'did you mean "office"?',
        "line 75: promise.longest: is missing",
        'line 81: follow_up.attempts: "3" is not a whole number',
        "line 85: retention.inquiry: 11 must not be less than 12 (INQ-7.1)",
        "line 109: messages.follow_up.plain: does not say how to reach a person; name {contact}",
    ]


def test_mistakes_below_a_broken_header_and_in_one_rung_are_all_named() -> None:
    text = changed(
        {
            4: "[desk",
            7: 'time_zone = "nowhere"',
            44: "[[escalation]",
            46: 'clause = "INQ-6.4"',
            47: 'categories = ["complaint", "complant"]',
            48: 'after = "13h"',
            49: "warn_at = 2",
            51: "chain = duty_manager",
            95: "",
        }
    )

    assert [m.split(": ")[:2] for m in mistakes(text)] == [
        ["line 4", "desk"],
        ["line 7", "desk.time_zone"],
        ["line 44", "escalation"],
        ["line 46", "escalation[2].clause"],
        ["line 47", "escalation[2].categories[1]"],
        ["line 48", "escalation[2].after"],
        ["line 49", "escalation[2].warn_at"],
        ["line 51", "escalation[2].chain"],
        ["line 94", "review.every"],
    ]


def test_nothing_is_said_to_be_missing_that_stands_in_a_line_that_cannot_be_read() -> None:
    text = changed({10: "[calendars office]", 20: "categories = [x", 76: "longest = 10d"})

    assert [m.split(": ")[0] for m in mistakes(text)] == ["line 10", "line 20", "line 76"]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "\x00", "{}", '{"version": 1}'])
def test_what_is_no_policy_at_all_is_refused(text: str) -> None:
    assert mistakes(text)
