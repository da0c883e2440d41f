"""`handrail duties` and `handrail schedules`, as an operator types them."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.crm import SqlCrm
from adapters.database import Database
from cli.main import app
from runtime.devserver import DevServer
from sop.duty.models import DutyStage
from tests.adapters.test_duties import duty
from tests.batches import after
from tests.keyrings import shared_keyring


@pytest.mark.clause("HOF-6.2")
def test_the_open_duties_are_listed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    environment = {"HANDRAIL_STATE_DIR": str(state)}
    early = CliRunner().invoke(app, ["duties"], env=environment)
    assert early.exit_code != 0
    assert CliRunner().invoke(app, ["migrate"], env=environment).exit_code == 0
    database = Database(f"sqlite:///{state / 'handrail.db'}", keyring=shared_keyring())
    SqlCrm(database).flush(duty("duty-audit-2026-10-C-1", holder="quinn"))
    SqlCrm(database).flush(duty("duty-ended", stage=DutyStage.CLOSED, done_at=after(1)))
    database.close()
    listed = CliRunner().invoke(app, ["duties"], env=environment)
    assert listed.exit_code == 0, listed.stderr
    (line,) = (line for line in listed.stdout.splitlines() if "duty-" in line)
    assert "duty-audit-2026-10-C-1" in line
    assert "quality_manager" in line
    assert "quinn" in line


@pytest.mark.clause("INQ-8.1", "HOF-6.2")
async def test_bootstrap_makes_the_schedules_and_they_are_shown_with_their_next_times(
    server: DevServer, tmp_path: Path
) -> None:
    environment = {
        "HANDRAIL_STATE_DIR": str(tmp_path / "state"),
        "TEMPORAL_ADDRESS": server.address,
        "TEMPORAL_NAMESPACE": "schedules-by-command",
    }

    def invoke(*arguments: str) -> tuple[int, str, str]:
        ended = CliRunner().invoke(app, arguments, env=environment)
        return ended.exit_code, ended.stdout, ended.stderr

    code, _, said = await asyncio.to_thread(invoke, "bootstrap")
    assert (code, "created schedule handrail-audit" in said) == (0, True), said
    code, _, said = await asyncio.to_thread(invoke, "bootstrap")
    assert (code, "nothing to do" in said) == (0, True), said
    code, shown, _ = await asyncio.to_thread(invoke, "schedules")
    assert code == 0
    (audit,) = (line for line in shown.splitlines() if "handrail-audit" in line)
    assert "06:00" in audit
    assert "on" in audit.split()
