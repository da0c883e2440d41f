"""Reads the policy file from the disk."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path

from sop.errors import PolicyError
from sop.policy import Policy
from sop.policy_calendars import HolidayDates
from sop.policy_file import read_policy
from sop.toml_lines import read_toml


def load_policy(path: Path | None, now: datetime, holiday_dates: HolidayDates) -> Policy:
    """Return the policy in force.

    Args:
        path: The file; None for the one that comes with Handrail.
        now: A policy that takes effect later, by the date at its desk, is not in force.
        holiday_dates: Looks holidays up: `adapters.holidays.holiday_dates`.

    Raises:
        PolicyError: The file cannot be read, is no policy, or takes effect later.
    """
    text = policy_text(path)
    policy = read_policy(text, holiday_dates=holiday_dates, this_year=now.year)
    today = now.astimezone(policy.case.desk.zone).date()
    if policy.effective_from > today:
        line = read_toml(text).line(("effective_from",))
        mistake = (
            f"line {line}: effective_from: policy {policy.version} takes effect on "
            f"{policy.effective_from}, and today is {today}; run with the policy that is in force "
            "until then"
        )
        raise PolicyError((mistake,))
    return policy


def policy_text(path: Path | None) -> str:
    """Return the text of a policy file; None is the one that comes with Handrail.

    Raises:
        PolicyError: The file cannot be read.
    """
    source = files("sop") / "policy.toml" if path is None else path
    try:
        return source.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError((f"{source}: cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PolicyError((f"line {line}: {source} is not text in UTF-8",)) from None
