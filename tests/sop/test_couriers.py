"""A parcel is handed to a tracked courier whose tracking number can be one (HOF-4.2.4)."""

import string
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sop.errors import InvalidValueError
from sop.handoff.couriers import TRANSITIONS, CourierStatus, check_status, check_tracking

CARRIERS = ("dhl", "ups", "fedex", "dpd", "gls", "postal", "runner")

# Published examples, as carriers and senders print them.
REAL = [
    ("ups", "1Z5R89390357567127"),
    ("ups", "1Z879E930346834440"),
    ("ups", "1Z410E7W0392751591"),
    ("ups", "1Z8V92A70367203024"),
    ("postal", "RB123456785GB"),
    ("postal", "RR473124829GB"),
    ("fedex", "986578788855"),
    ("fedex", "477179081230"),
    ("fedex", "974367662710"),
    ("fedex", "012345678983"),
    ("fedex", "041441760228964"),
    ("fedex", "568283610012734"),
    ("fedex", "61299998820821171811"),
    ("fedex", "9261292700768711948021"),
    ("fedex", "9611020987654312345672"),
    ("dhl", "3318810025"),
    ("dhl", "8487135506"),
    ("dhl", "201298452277"),
    ("dhl", "00340433836442636597"),
    ("dhl", "JJD1410302937991"),
    ("dhl", "JVGL0999999990"),
    ("dpd", "01015026003653"),
    ("dpd", "01015026003653C"),
    ("gls", "XHAX4HDA"),
]
# One wrong character in a number with a check digit.
SLIPS = [
    ("ups", "1Z5R89390357567128"),
    ("ups", "1Z5R89390357567137"),
    ("postal", "RB123456786GB"),
    ("postal", "RB123456685GB"),
    ("fedex", "996578788855"),
    ("fedex", "568283610012732"),
    ("fedex", "61299998820821171812"),
    ("fedex", "9261292700768711948020"),
    ("fedex", "9611020987654312345673"),
    ("dhl", "3318810026"),
    ("dhl", "3318810034"),
    ("dhl", "201298452278"),
    ("dhl", "00340433836442636598"),
    ("dpd", "01015026003653A"),
]
MISSHAPEN = [
    ("ups", ""),
    ("ups", "2Z5R89390357567127"),
    ("ups", "1Z5R8939035756712"),
    ("ups", "1Z5R8939035756712X"),
    ("postal", "RB12345678GB"),
    ("postal", "1B123456785GB"),
    ("fedex", "96000000000000000000019"),
    ("fedex", "9400000000000000000005"),
    ("fedex", "1234567890A2"),
    ("dhl", "12345"),
    ("dhl", "XJD0099999998"),
    ("dpd", "0101502600365"),
    ("gls", "1234567"),
    ("runner", "12345"),
    ("runner", "x" * 41),
    ("runner", "no/slash"),
    ("dhl", "٣٣١٨٨١٠٠٢٥"),
    ("dhl", "3318810025\n"),
    ("gls", "ßßßß"),
    ("runner", "naïve123"),
]


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize(("carrier", "number"), REAL)
def test_a_tracking_number_of_the_carrier_is_taken(carrier: str, number: str) -> None:
    assert check_tracking(carrier, number, CARRIERS) == number
    spaced = " ".join(number.lower()) + " "
    assert check_tracking(carrier, spaced, CARRIERS) == number


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize(("carrier", "number"), SLIPS + MISSHAPEN)
def test_a_number_that_cannot_be_one_is_refused_without_being_repeated(
    carrier: str, number: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        check_tracking(carrier, number, CARRIERS)
    assert refused.value.clause == "HOF-4.2.4"
    assert not number or number not in refused.value.message


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("carrier", ["hermes", "", "UPS", "ups\n"])
def test_a_carrier_that_the_policy_does_not_name_is_refused(carrier: str) -> None:
    with pytest.raises(InvalidValueError, match="approved: ups, dhl") as refused:
        check_tracking(carrier, "1Z5R89390357567127", ("ups", "dhl"))
    assert refused.value.clause == "HOF-4.2.4"


def test_a_number_of_another_carrier_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        check_tracking("dpd", "1Z5R89390357567127", CARRIERS)
    with pytest.raises(InvalidValueError, match="approved: none"):
        check_tracking("ups", "1Z5R89390357567127", ())


def refuses(carrier: str, number: str) -> bool:
    """Return whether a number is refused."""
    try:
        check_tracking(carrier, number, CARRIERS)
    except InvalidValueError:
        return True
    return False


def numbered(
    carrier: str, before: str, digits: int, after: str = "", capitals: bool = False
) -> Any:
    """Return a carrier with the start, middle and end of its numbers; the check comes between."""
    letters = string.digits + (string.ascii_uppercase if capitals else "")
    middle = st.text(letters, min_size=digits, max_size=digits)
    return st.tuples(st.just(carrier), st.just(before), middle, st.just(after))


CHECKED = st.one_of(
    numbered("ups", "1Z", 15, capitals=True),
    numbered("postal", "RR", 8, "DE"),
    numbered("fedex", "", 11),
    numbered("fedex", "", 14),
    numbered("fedex", "", 19),
    numbered("fedex", "92", 19),
    numbered("fedex", "96", 19),
    numbered("dhl", "", 9),
    numbered("dhl", "", 11),
    numbered("dhl", "", 19),
    numbered("gls", "", 11),
)


@pytest.mark.clause("HOF-4.2.4")
@given(CHECKED)
def test_just_one_check_digit_is_right(parts: tuple[str, str, str, str]) -> None:
    carrier, before, middle, end = parts
    right = [d for d in string.digits if not refuses(carrier, f"{before}{middle}{d}{end}")]
    assert len(right) == 1


@pytest.mark.clause("HOF-4.2.4")
@given(st.text(string.digits, min_size=14, max_size=14))
def test_just_one_check_character_is_right_at_dpd(middle: str) -> None:
    characters = string.digits + string.ascii_uppercase
    assert len([c for c in characters if not refuses("dpd", middle + c)]) == 1


# What each kind of check cannot see: differences of digits (UPS and DHL Express), or two rests
# that have one digit (modulo 11). All others see every changed digit.
SEES_ALL = st.one_of(
    numbered("fedex", "", 14),
    numbered("fedex", "", 19),
    numbered("fedex", "92", 19),
    numbered("dhl", "", 19),
    numbered("gls", "", 11),
)


@pytest.mark.clause("HOF-4.2.4")
@given(SEES_ALL, st.data())
def test_a_changed_digit_is_refused(parts: tuple[str, str, str, str], data: Any) -> None:
    carrier, before, middle, end = parts
    right = complete(carrier, before, middle, end)
    changed = change_one(right, len(before), len(before) + len(middle), data)
    assert refuses(carrier, changed)


@pytest.mark.clause("HOF-4.2.4")
@given(
    st.one_of(numbered("ups", "1Z", 15), numbered("dhl", "", 9), numbered("dhl", "", 11)),
    st.data(),
)
def test_a_changed_digit_is_refused_but_for_the_differences_that_the_carriers_check_overlooks(
    parts: tuple[str, str, str, str], data: Any
) -> None:
    carrier, before, middle, end = parts
    right = complete(carrier, before, middle, end)
    changed = change_one(right, len(before), len(before) + len(middle), data)
    overlooked = {("ups", 15): 5, ("dhl", 9): 7, ("dhl", 11): 5}[carrier, len(middle)]
    assume(sum(abs(ord(a) - ord(b)) for a, b in zip(right, changed, strict=True)) != overlooked)
    assert refuses(carrier, changed)


@pytest.mark.clause("HOF-4.2.4")
@given(st.one_of(numbered("postal", "RR", 8, "DE"), numbered("fedex", "", 11)), st.data())
def test_under_modulo_11_few_changed_digits_pass(
    parts: tuple[str, str, str, str], data: Any
) -> None:
    carrier, before, middle, end = parts
    at = data.draw(st.integers(0, len(middle) - 1))
    right = complete(carrier, before, middle, end)
    place = len(before) + at
    others = [right[:place] + d + right[place + 1 :] for d in string.digits if d != right[place]]
    assert sum(not refuses(carrier, other) for other in others) <= 1


def complete(carrier: str, before: str, middle: str, end: str) -> str:
    """Return a number with its check digit."""
    return next(
        number
        for number in (f"{before}{middle}{digit}{end}" for digit in string.digits)
        if not refuses(carrier, number)
    )


def change_one(number: str, first: int, last: int, data: Any) -> str:
    """Return a number with one digit changed between two places."""
    at = data.draw(st.integers(first, last))
    digit = data.draw(st.sampled_from([d for d in string.digits if d != number[at]]))
    return f"{number[:at]}{digit}{number[at + 1 :]}"


@pytest.mark.clause("HOF-4.2.4")
@given(st.sampled_from(CARRIERS), st.text(max_size=60))
def test_whatever_is_typed_is_a_number_in_its_plain_form_or_is_refused(
    carrier: str, typed: str
) -> None:
    if not refuses(carrier, typed):
        number = check_tracking(carrier, typed, CARRIERS)
        assert set(number) <= set(string.digits + string.ascii_uppercase)
        assert check_tracking(carrier, number, CARRIERS) == number


@pytest.mark.clause("HOF-4.2.4")
def test_what_was_delivered_or_returned_stays_so() -> None:
    for end in (CourierStatus.DELIVERED, CourierStatus.RETURNED):
        for other in set(CourierStatus) - {end}:
            with pytest.raises(InvalidValueError) as refused:
                check_status(end, other)
            assert refused.value.clause == "HOF-4.2.4"
        assert not check_status(end, end)


@pytest.mark.clause("HOF-4.2.4")
def test_a_status_moves_on_and_its_repetition_is_no_news() -> None:
    way = [
        CourierStatus.PICKED_UP, CourierStatus.IN_TRANSIT, CourierStatus.OUT_FOR_DELIVERY,
        CourierStatus.EXCEPTION, CourierStatus.IN_TRANSIT, CourierStatus.DELIVERED,
    ]  # fmt: skip
    now: CourierStatus | None = None
    for told in way:
        assert check_status(now, told)
        now = told
    assert not check_status(CourierStatus.IN_TRANSIT, CourierStatus.IN_TRANSIT)
    assert check_status(CourierStatus.EXCEPTION, CourierStatus.EXCEPTION)
    with pytest.raises(InvalidValueError, match="in transit cannot become picked up"):
        check_status(CourierStatus.IN_TRANSIT, CourierStatus.PICKED_UP)


def test_the_first_status_may_be_any() -> None:
    assert all(check_status(None, status) for status in CourierStatus)
    assert TRANSITIONS.keys() == {None, *CourierStatus}
