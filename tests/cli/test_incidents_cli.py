"""`handrail incidents`: what an operator sees of open breaches and their clocks."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.crm import SqlCrm
from adapters.database import Database
from cli.main import app
from sop.incident.models import CorrectiveAction, IncidentRow, IncidentStage
from sop.outgoing import FlushBatch, Outgoing
from tests.keyrings import shared_keyring

pytestmark = pytest.mark.clause("HOF-6.3")


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation whose database is migrated."""
    environment = {"HANDRAIL_STATE_DIR": str(tmp_path)}
    assert CliRunner().invoke(app, ["migrate"], env=environment).exit_code == 0
    return environment


def write(place: dict[str, str], name: str, **changes: Any) -> None:
    """Put an incident into the CRM, as its workflow would."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "version": 1,
        "stage": IncidentStage.OPEN,
        "clause": "HOF-5.2",
        "subject": "A letter",
        "text": "A letter went out.",
        "opened_by": "anna",
        "known_at": now,
        "regulator_due_at": now + timedelta(hours=72, seconds=30),
        "received_at": now,
        **changes,
    }
    row = IncidentRow(incident_id=name, **fields)
    batch = FlushBatch(stream=name, case_id=name, incident=row, outgoing=Outgoing(), at=now)
    url = f"sqlite:///{place['HANDRAIL_STATE_DIR']}/handrail.db"
    with closing(Database(url, keyring=shared_keyring())) as database:
        SqlCrm(database).flush(batch)


def test_open_incidents_are_listed_with_their_clocks(place: dict[str, str]) -> None:
    now = datetime.now(UTC)
    action = CorrectiveAction(
        action="labels", description="Print.", owner="ben", due_at=now, opened_at=now
    )
    write(place, "incident-waits", actions=(action,), holder="dora")
    write(place, "incident-late", regulator_due_at=now - timedelta(hours=3))
    write(place, "incident-told", regulator_informed_at=now)
    write(place, "incident-settled", regulator_decision="It came back.")
    write(place, "incident-over", stage=IncidentStage.CLOSED, closed_at=now, closed_by="quinn")
    ended = CliRunner().invoke(app, ["incidents"], env=place)
    assert ended.exit_code == 0
    lines = {line.split()[1]: line for line in ended.stdout.splitlines() if "incident-" in line}
    assert lines.keys() == {
        "incident-waits", "incident-late", "incident-told", "incident-settled",
    }  # fmt: skip
    assert "3d left" in lines["incident-waits"]
    assert "0 of 1 done" in lines["incident-waits"]
    assert "dora" in lines["incident-waits"]
    assert "overdue for 3h" in lines["incident-late"]
    assert "informed" in lines["incident-told"]
    assert "need not be told" in lines["incident-settled"]
    assert "4 open" in ended.stderr


def test_a_database_that_is_not_migrated_is_told_so(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["incidents"], env={"HANDRAIL_STATE_DIR": str(tmp_path)})
    assert ended.exit_code == 1
    assert "handrail migrate" in str(ended.exception)
