from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", timedelta(0)),
        ("45m", timedelta(minutes=45)),
        ("12h", timedelta(hours=12)),
        ("1d 12h", timedelta(hours=36)),
        ("1d12h", timedelta(hours=36)),
        ("1d 2h 3m 4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_a_duration_is_written_in_days_hours_minutes_and_seconds(
    text: str, duration: timedelta
) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "12",
        "12 hour",
        "h",
        "1h 1d",
        "12h ",
        " 12h",
        "-1h",
        "1.5h",
        "PT12H",
        "\u0661h",  # a digit, but not one that people look for here
        "999999d",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(hours=24), "24h"),
        (timedelta(hours=36), "36h"),
        (timedelta(days=2), "2d"),
        (timedelta(days=2, minutes=5), "2d 5m"),
    ],
)
def test_a_duration_is_shown_as_a_person_says_it(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@given(st.integers(min_value=0, max_value=99_999 * 86_400).map(lambda n: timedelta(seconds=n)))
def test_what_is_shown_can_be_written(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration
