"""The policy files that the tests read, whole or changed."""

import re
from pathlib import Path

from adapters.holidays import holiday_dates
from sop.errors import PolicyError
from sop.policy import Policy
from sop.policy_file import read_policy

POLICIES = Path(__file__).parent / "policies"
COMPANY = (POLICIES / "company.toml").read_text()
OF_0_1_0 = (POLICIES / "0.1.0.toml").read_text()
"""The policy that came with 0.1.0: it has no section of the handoff procedure."""
SHIPPED = (Path(__file__).parents[2] / "sop" / "policy.toml").read_text()


def read(text: str, *, this_year: int = 2026, horizon: int = 2) -> Policy:
    return read_policy(text, holiday_dates=holiday_dates, this_year=this_year, horizon=horizon)


def outcome(text: str) -> tuple[Policy | None, list[str]]:
    """Return the policy, or the mistakes with which the text was refused."""
    try:
        return read(text), []
    except PolicyError as refusal:
        return None, list(refusal.mistakes)


def mistakes(text: str) -> list[str]:
    """Return what a text is refused for; fail if it is a policy."""
    policy, named = outcome(text)
    assert policy is None
    return named


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
