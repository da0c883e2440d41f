"""`handrail training`, as an operator types it."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

COURSE = "inquiry_handling"
Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def training(tmp_path: Path) -> Invoke:
    """Return how a command of the group is run on a fresh database: code, output, errors."""
    environment = {"HANDRAIL_STATE_DIR": str(tmp_path / "state")}

    def invoke(*arguments: str, group: tuple[str, ...] = ("training",)) -> tuple[int, str, str]:
        ended = CliRunner().invoke(app, [*group, *arguments], env=environment)
        return ended.exit_code, ended.stdout, ended.stderr or str(ended.exception or "")

    assert invoke(group=("migrate",))[0] == 0
    return invoke


def days_ago(days: int) -> str:
    return (date.today() - timedelta(days=days)).isoformat()  # noqa: DTZ011 - as a person types it


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_training_is_recorded_and_listed_until_when_it_counts(training: Invoke) -> None:
    code, out, said = training("record", "ana", COURSE)
    assert (code, out) == (0, "")
    assert f"{COURSE} of ana" in said
    assert "counts until" in said
    assert training("record", "ben", COURSE, "--completed", days_ago(400), "--by", "lee")[0] == 0
    _, listed, _ = training("list")
    lines = {line.split()[1]: line for line in listed.splitlines() if COURSE in line}
    assert "current" in lines["ana"]
    assert "expired" in lines["ben"]
    assert "lee" in lines["ben"]


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_who_expires_within_thirty_days_is_listed(training: Invoke) -> None:
    for principal, days in (("soon", 340), ("later", 300), ("over", 370)):
        training("record", principal, COURSE, "--completed", days_ago(days))
    _, listed, _ = training("expiring")
    assert "soon" in listed
    assert "later" not in listed
    assert "over" not in listed
    assert "later" in training("expiring", "--within", "70d")[1]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("record", "Ana Schmidt", COURSE), "such as `ana`"),
        (("record", "ana", "juggling"), f"it has: {COURSE}"),
        (("record", "ana", COURSE, "--completed", "2999-01-01"), "still to come"),
        (("record", "ana", COURSE, "--completed", "yesterday"), "write 2026-11-20"),
        (("record", "ana", COURSE, "--by", "ana"), "their own training"),
        (("expiring", "--within", "soon"), "12h"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(
    training: Invoke, arguments: tuple[str, ...], hint: str
) -> None:
    code, out, said = training(*arguments)
    assert (code, out) == (1, "")
    assert hint in said
    assert "ana" not in training("list")[1]
