"""The policy files that the tests read, whole or changed."""

import re
from pathlib import Path

from adapters.holidays import holiday_dates
from sop.errors import PolicyError
from sop.policy import Policy
from sop.policy_file import read_policy

COMPANY = (Path(__file__).parent / "policies" / "company.toml").read_text()
SHIPPED = (Path(__file__).parents[2] / "sop" / "policy.toml").read_text()


def read(text: str, *, this_year: int = 2026, horizon: int = 2) -> Policy:
    return read_policy(text, holiday_dates=holiday_dates, this_year=this_year, horizon=horizon)


def outcome(text: str) -> tuple[Policy | None, list[str]]:
    """Return the policy, or the mistakes with which the text was refused."""
    try:
        return read(text), []
    except PolicyError as refusal:
        return None, list(refusal.mistakes)


def changed(edits: dict[int, str]) -> str:
    """Return the company's policy with these lines replaced."""
    lines = COMPANY.splitlines()
    for number, line in edits.items():
        lines[number - 1] = line
    return "\n".join(lines)


def line_of(mistake: str) -> int:
    found = re.match(r"line (\d+): ", mistake)
    assert found is not None, mistake
    return int(found[1])
