"""Mistakes in the sections of the handoff procedure; the lines are those of `company.toml`."""

import pytest

from tests.sop.policy_files import changed, mistakes

ON_CALL = "team_leader, subject_matter_expert, quality_manager, duty_manager, privacy_officer"
PHOTO = "passport, driving_licence, national_card"
SECOND = "account_number, recent_transaction, security_question"
FOR_HANDOFFS = "discrepancy, transfer, return"
FOR_INQUIRIES = "receipt, unresolved, follow_up_overdue, discrepancy"
STAFF = f"csr, {ON_CALL}, receiving_party"
Cases = list[tuple[dict[int, str], list[str]]]

FORMS: Cases = [
    ({119: 'primary = ["passport", "account_number"]'},
     ['line 119: identification.primary[1]: "account_number" is no photo document of a '
      f"government (HOF-4.1.2); use one of {PHOTO}"]),
    ({120: 'secondary = ["account_number", "passport"]'},
     ['line 120: identification.secondary[1]: "passport" is a primary form, not a second one '
      f"(HOF-4.1.2); use one of {SECOND}"]),
    ({120: 'secondary = ["security_question"]'},
     ["line 120: identification.secondary: has only the security question, which is switched "
      "off; a second form is needed (HOF-4.1.2)"]),
    ({119: 'primary = ["pasport"]'},
     [f'line 119: identification.primary[0]: "pasport" is none of {PHOTO}; '
      'did you mean "passport"?']),
    ({120: 'secondary = ["acount_number"]'},
     [f'line 120: identification.secondary[0]: "acount_number" is none of {SECOND}; '
      'did you mean "account_number"?']),
    ({119: 'primary = ["passport", "passport"]'},
     ['line 119: identification.primary[1]: "passport" stands in this list twice']),
    ({119: "primary = []"}, ["line 119: identification.primary: a list must not be empty"]),
    ({120: ""}, ["line 118: identification.secondary: is missing"]),
]  # fmt: skip


@pytest.mark.clause("HOF-4.1.2")
@pytest.mark.parametrize(("edits", "expected"), FORMS)
def test_an_identity_rests_on_a_photo_document_and_a_form_that_is_none(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


@pytest.mark.clause("HOF-4.1.2")
def test_handoffs_without_identification_are_refused() -> None:
    assert mistakes(changed(dict.fromkeys(range(118, 128), ""))) == [
        "line 129: handoff: needs [identification] beside it: nothing is handed over unverified "
        "(HOF-4.1.2)"
    ]


LIMITS: Cases = [
    ({127: 'approval_valid_for = "61m"'},
     ["line 127: identification.approval_valid_for: must not be more than "
      "identification.valid_for, 1h"]),
    ({122: "attempts_per_call = 6"},
     ["line 122: identification.attempts_per_call: must not be more than "
      "identification.attempts_per_customer, 5"]),
    ({122: "attempts_per_call = 0"},
     ["line 122: identification.attempts_per_call: 0 must not be less than 1"]),
    ({125: 'attempts_within = "30m"'},
     ['line 125: identification.attempts_within: "30m" must not be less than 1 hour']),
    ({121: 'security_question = "no"'},
     ['line 121: identification.security_question: "no" is neither true nor false']),
    ({118: "[identifikation]"},
     ['line 118: identifikation: is not a known key; did you mean "identification"?',
      "line 129: handoff: needs [identification] beside it: nothing is handed over unverified "
      "(HOF-4.1.2)"]),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "expected"), LIMITS)
def test_limits_of_identification_that_contradict_each_other_are_refused(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


CHANNELS: Cases = [
    ({130: 'channels = ["crm", "fax"]'},
     ['line 130: handoff.channels[1]: "fax" is none of crm, courier, encrypted_email']),
    ({130: 'channels = ["encrypted_mail"]'},
     ['line 130: handoff.channels[0]: "encrypted_mail" is none of crm, courier, '
      'encrypted_email; did you mean "encrypted_email"?']),
    ({130: "channels = []"}, ["line 130: handoff.channels: a list must not be empty"]),
    ({130: 'channels = ["crm", "crm"]', 131: ""},
     ['line 130: handoff.channels[1]: "crm" stands in this list twice']),
    ({131: ""},
     ['line 129: handoff.carriers: names nobody, but "courier" is among handoff.channels '
      "(HOF-4.2.4)"]),
    ({131: "carriers = []"},
     ['line 131: handoff.carriers: names nobody, but "courier" is among handoff.channels '
      "(HOF-4.2.4)"]),
    ({131: 'carriers = ["dhl", "dhl"]'},
     ['line 131: handoff.carriers[1]: "dhl" stands in this list twice']),
    ({131: 'carriers = ["DHL"]'},
     ['line 131: handoff.carriers[0]: "DHL" is not a name; use small letters, digits and _, a '
      "letter first"]),
    ({131: "carriers = [dhl]"},
     ["line 131: handoff.carriers: is not TOML (invalid value); text and durations stand in "
      'quotes, e.g. "12h"']),
]  # fmt: skip


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize(("edits", "expected"), CHANNELS)
def test_no_channel_is_approved_but_the_secure_ones_and_couriers_by_name(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


CUSTODY: Cases = [
    ({133: 'return_after = "25h"'},
     ['line 133: handoff.return_after: "25h" must not be more than 1 day (HOF-4.2.5)']),
    ({133: 'return_after = "30s"'},
     ['line 133: handoff.return_after: "30s" must not be less than 1 minute']),
    ({132: 'remind_every = "24h"'},
     ["line 132: handoff.remind_every: must be less than handoff.return_after, 24h"]),
    ({133: 'return_after = "12h"'},
     ['line 146: handoff.escalation[1].after: "12h" never comes: custody returns after 12h']),
    ({194: 'plain = "Well. Call {contact}."'},
     ["line 194: messages.handoff_accepted.plain: does not say whom to ask now; name "
      "{receiver_contact} (HOF-4.3.1)"]),
    ({191: 'plain = "Well. Call {contact}."'},
     ["line 191: messages.handoff_begins.plain: does not say who receives; name {receiver} "
      "(HOF-4.2.3)"]),
    ({196: "", 197: ""}, ["line 101: messages.handoff_returned: is missing"]),
]  # fmt: skip


@pytest.mark.clause("HOF-4.2.5")
@pytest.mark.parametrize(("edits", "expected"), CUSTODY)
def test_custody_comes_back_within_a_day_and_everybody_knows_where_it_is(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


BREACHES: Cases = [
    ({158: 'regulator_within = "73h"'},
     ['line 158: incident.regulator_within: "73h" must not be more than 3 days (HOF-6.3)']),
    ({158: 'regulator_within = "0s"'},
     ['line 158: incident.regulator_within: "0s" must be more than 0 seconds']),
    ({159: "warn_at = [0.9, 0.5]"},
     ["line 159: incident.warn_at[1]: 0.5 does not come after 0.9"]),
    ({159: "warn_at = [0.5, 0.5]"},
     ["line 159: incident.warn_at[1]: 0.5 does not come after 0.5"]),
    ({159: "warn_at = [0.5, 1.5, 0.9]"},
     ["line 159: incident.warn_at[1]: 1.5 must be less than 1.0"]),
    ({159: "warn_at = 0.5"},
     ['line 159: incident.warn_at: 0.5 is not a list; write e.g. ["a", "b"]']),
    (dict.fromkeys(range(161, 167), ""),
     ["line 157: incident.escalation: is missing"]),
]  # fmt: skip


@pytest.mark.clause("HOF-6.3")
@pytest.mark.parametrize(("edits", "expected"), BREACHES)
def test_the_regulator_is_told_within_72_hours_with_warnings_before(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


AUDITS: Cases = [
    ({169: "sample = 0"}, ["line 169: audit.sample: 0 must not be less than 1"]),
    ({170: 'to = "csr"'}, [f'line 170: audit.to: "csr" does not audit; use one of {ON_CALL}']),
    ({170: 'to = "quality_manger"'},
     [f'line 170: audit.to: "quality_manger" is none of {ON_CALL}; '
      'did you mean "quality_manager"?']),
    ({171: 'within = "0s"'}, ['line 171: audit.within: "0s" must be more than 0 seconds']),
    (dict.fromkeys(range(173, 179), ""),
     ["line 168: audit: needs [[duty.escalation]] beside it: nobody would learn of one that is "
      "overdue (HOF-6.2)"]),
    ({95: 'every = "365d"\nwithin = "365d"'},
     ["line 96: review.within: must be less than review.every, 365d"]),
]  # fmt: skip


@pytest.mark.clause("HOF-6.2")
@pytest.mark.parametrize(("edits", "expected"), AUDITS)
def test_an_audit_is_done_in_time_by_somebody_who_can_be_paged(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


COURSES: Cases = [
    ({186: 'course = "inquiries"'},
     ['line 186: training.courses[1].course: "inquiries" is already the course of line 180']),
    ({186: 'course = "The handoff"'},
     ['line 186: training.courses[1].course: "The handoff" is not a name; use small letters, '
      "digits and _, a letter first"]),
    ({187: 'procedures = ["HOFF"]'},
     ['line 187: training.courses[1].procedures[0]: "HOFF" is none of INQ, HOF; did you mean '
      '"HOF"?']),
    ({188: 'roles = ["csr", "receiver"]'},
     [f'line 188: training.courses[1].roles[1]: "receiver" is none of {STAFF}; '
      'did you mean "receiving_party"?']),
    ({188: 'roles = ["csr", "service"]'},
     [f'line 188: training.courses[1].roles[1]: "service" is not trained; use one of {STAFF}']),
    ({188: "roles = []"}, ["line 188: training.courses[1].roles: a list must not be empty"]),
    ({187: ""}, ["line 185: training.courses[1].procedures: is missing"]),
]  # fmt: skip


@pytest.mark.clause("HOF-6.1", "INQ-8.2")
@pytest.mark.parametrize(("edits", "expected"), COURSES)
def test_a_course_is_named_once_and_is_for_people(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


ROWS: Cases = [
    # What holds for the inquiries' matrix holds for every other.
    ({143: 'rung = "discrepancy"'},
     ['line 143: handoff.escalation[1].rung: "discrepancy" is already the rung of line 135']),
    ({144: 'clause = "HOF-4.2.9"'},
     ['line 144: handoff.escalation[1].clause: "HOF-4.2.9" is no clause; did you mean '
      '"HOF-4.2.6"?']),
    ({147: 'to = "receiving_party"'},
     ['line 147: handoff.escalation[1].to: "receiving_party" cannot be paged; use one of '
      f"{ON_CALL}"]),
    ({147: 'to = "teamleader"'},
     [f'line 147: handoff.escalation[1].to: "teamleader" is none of {ON_CALL}; did you mean '
      '"team_leader"?']),
    ({148: 'chain = ["duty_manager", "team_leader"]'},
     ['line 148: handoff.escalation[1].chain[1]: "team_leader" is in the chain already']),
    ({148: 'calendar = "offices"'},
     ['line 148: handoff.escalation[1].calendar: "offices" is no calendar of this file; did you '
      'mean "office"?']),
    ({178: 'to = "quality_manager"\ncalendar = "shop"'},
     ['line 179: duty.escalation[0].calendar: "shop" is no calendar of this file']),
    ({177: 'after = "9999d"\ncalendar = "office"'},
     ['line 177: duty.escalation[0].after: "9999d" of working time is not reached on the '
      'calendar "office" in 3653 days']),
    ({166: 'to = "duty_manager"\nwarn_at = 0.5'},
     ["line 167: incident.escalation[0].warn_at: has no meaning where the rung is due at once"]),
    ({148: "warn_at = 1.0"},
     ["line 148: handoff.escalation[1].warn_at: 1.0 must be less than 1.0"]),
    ({178: ""}, ["line 173: duty.escalation[0].to: is missing"]),
    ({178: "too = 1"},
     ["line 173: duty.escalation[0].to: is missing",
      'line 178: duty.escalation[0].too: is not a known key; did you mean "to"?']),
    # Each matrix has facts of its own to count from.
    ({145: 'starts = "transfers"'},
     [f'line 145: handoff.escalation[1].starts: "transfers" is none of {FOR_HANDOFFS}; did you '
      'mean "transfer"?']),
    ({145: 'starts = "breach"'},
     ['line 145: handoff.escalation[1].starts: "breach" is nothing that a rung of handoffs is '
      f"counted from; use one of {FOR_HANDOFFS}"]),
    ({145: ""},
     [f"line 142: handoff.escalation[1].starts: is missing; use one of {FOR_HANDOFFS}"]),
    ({164: 'starts = "transfer"'},
     ['line 164: incident.escalation[0].starts: "transfer" is nothing that a rung of incidents '
      "is counted from; use breach"]),
    ({176: 'starts = "receipt"'},
     ['line 176: duty.escalation[0].starts: "receipt" is nothing that a rung of reviews, '
      "reminders and audits is counted from; use duty_overdue"]),
    ({40: 'starts = "return"'},
     ['line 40: escalation[1].starts: "return" is nothing that a rung of inquiries is counted '
      f"from; use one of {FOR_INQUIRIES}"]),
    # Conditions are for inquiries.
    ({148: 'categories = ["complaint"]'},
     ["line 148: handoff.escalation[1].categories: has no meaning in this matrix: only inquiries "
      "have a category"]),
    ({148: 'priorities = ["urgent"]'},
     ["line 148: handoff.escalation[1].priorities: has no meaning in this matrix: only inquiries "
      "have a priority"]),
    ({148: "complex = false"},
     ["line 148: handoff.escalation[1].complex: has no meaning in this matrix: only inquiries can "
      "be complex"]),
    ({148: "every_inquiry = true"},
     ["line 148: handoff.escalation[1].every_inquiry: has no meaning in this matrix: its rungs "
      "are for all"]),
    ({148: "pause_while_waiting = true"},
     ["line 148: handoff.escalation[1].pause_while_waiting: has no meaning in this matrix: only "
      "inquiries wait for the customer"]),
    ({166: 'to = "duty_manager"\npriorities = ["urgent"]'},
     ["line 167: incident.escalation[0].priorities: has no meaning in this matrix: only inquiries "
      "have a priority"]),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "expected"), ROWS)
def test_a_row_of_any_matrix_is_refused_for_what_the_inquiries_are(
    edits: dict[int, str], expected: list[str]
) -> None:
    assert mistakes(changed(edits)) == expected


def test_matrices_may_name_their_rungs_alike() -> None:
    edits = {162: 'rung = "discrepancy"', 174: 'rung = "discrepancy"', 167: "oops = 1"}

    assert mistakes(changed(edits)) == ["line 167: incident.escalation[0].oops: is not a known key"]


def test_mistakes_in_several_of_the_sections_are_all_named() -> None:
    text = changed(
        {
            118: "[identification",
            119: 'primary = ["account_number"]',
            130: "channels = [crm]",
            142: "[[handoff.escalation]",
            146: "after = 12h",
            158: 'regulator_within = "4d"',
            169: 'sample = "5"',
            176: "",
            182: "procedures = []",
        }
    )

    assert [mistake.split(": ")[:2] for mistake in mistakes(text)] == [
        ["line 118", "identification"],
        ["line 119", "identification.primary[0]"],
        ["line 130", "handoff.channels"],
        ["line 142", "handoff.escalation"],
        ["line 146", "handoff.escalation[1].after"],
        ["line 158", "incident.regulator_within"],
        ["line 169", "audit.sample"],
        ["line 173", "duty.escalation[0].starts"],
        ["line 182", "training.courses[0].procedures"],
    ]


def test_a_section_that_cannot_be_read_is_not_missed_as_well() -> None:
    text = changed({118: "[identification and more]", 173: "[[duty escalation]]"})

    assert [mistake.split(": ")[0] for mistake in mistakes(text)] == ["line 118", "line 173"]
