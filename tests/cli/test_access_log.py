"""`handrail access-log`, as an auditor's operator types it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.access_log import AccessLog
from adapters.database import Database
from cli.main import app
from sop.access_log import AccessEntry, Outcome, Via
from sop.models import Role

CASE = "inquiry-0000000000000001"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A fresh database with one entry."""
    environment = {"HANDRAIL_STATE_DIR": str(tmp_path)}
    assert CliRunner().invoke(app, ["migrate"], env=environment).exit_code == 0
    database = Database(f"sqlite:///{tmp_path / 'handrail.db'}")
    shown = AccessEntry(
        entry_id="1", at=datetime(2026, 11, 25, 8, tzinfo=UTC), principal="ana", role=Role.CSR,
        via=Via.SESSION, action="decode", owner=CASE, key_id="0" * 32, count=3,
        outcome=Outcome.OPENED,
    )  # fmt: skip
    AccessLog(database).record([shown])
    database.close()
    return environment


@pytest.mark.clause("INQ-7.2", "HOF-7.1")
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], 1), (["--case", CASE], 1), (["--case", "inquiry-2"], 0), (["--principal", "ana"], 1),
        (["--principal", "ben"], 0), (["--from", "2026-11-25"], 1), (["--from", "2026-11-26"], 0),
        (["--to", "2026-11-26"], 1), (["--to", "2026-11-25T08:00"], 0),
    ],
)  # fmt: skip
def test_who_was_shown_what_is_listed(
    environment: dict[str, str], arguments: list[str], found: int
) -> None:
    told = CliRunner().invoke(app, ["access-log", *arguments], env=environment)
    assert told.exit_code == 0
    assert ("ana" in told.stdout and "opened" in told.stdout) is bool(found)
    told = CliRunner().invoke(app, ["access-log", "--json", *arguments], env=environment)
    assert [json.loads(line)["owner"] for line in told.stdout.splitlines()] == [CASE] * found


def test_what_is_no_moment_is_told(environment: dict[str, str]) -> None:
    told = CliRunner().invoke(app, ["access-log", "--from", "lately"], env=environment)
    assert told.exit_code == 1
    assert "lately" in str(told.exception)
