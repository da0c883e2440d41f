"""`handrail duties`, as an operator types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.crm import SqlCrm
from adapters.database import Database
from cli.main import app
from sop.duty.models import DutyStage
from tests.adapters.test_duties import duty
from tests.batches import after


@pytest.mark.clause("HOF-6.2")
def test_the_open_duties_are_listed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    environment = {"HANDRAIL_STATE_DIR": str(state)}
    early = CliRunner().invoke(app, ["duties"], env=environment)
    assert early.exit_code != 0
    assert CliRunner().invoke(app, ["migrate"], env=environment).exit_code == 0
    database = Database(f"sqlite:///{state / 'handrail.db'}")
    SqlCrm(database).flush(duty("duty-audit-2026-10-C-1", holder="quinn"))
    SqlCrm(database).flush(duty("duty-ended", stage=DutyStage.CLOSED, done_at=after(1)))
    database.close()
    listed = CliRunner().invoke(app, ["duties"], env=environment)
    assert listed.exit_code == 0, listed.stderr
    (line,) = (line for line in listed.stdout.splitlines() if "duty-" in line)
    assert "duty-audit-2026-10-C-1" in line
    assert "quality_manager" in line
    assert "quinn" in line
