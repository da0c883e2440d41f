"""What the operator sees of retention: what is due, and what went."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, update
from typer.testing import CliRunner

from adapters.database import Database
from adapters.key_tables import data_keys
from cli.main import app
from runtime.errors import OperatorError
from tests.disposals import an_archive

CLOSED = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
RUNNER = CliRunner()


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation with a closed inquiry and a run that disposed."""
    environment = {
        "HANDRAIL_STATE_DIR": str(tmp_path),
        "HANDRAIL_KEY_DATABASE_URL": f"sqlite:///{tmp_path / 'keys.db'}",
        "HANDRAIL_KEY_ENCRYPTION": f"local:{tmp_path / 'kek.json'}",
    }
    assert RUNNER.invoke(app, ["migrate"], env=environment).exit_code == 0
    with an_archive(make_url(f"sqlite:///{tmp_path / 'handrail.db'}"), tmp_path) as archive:
        archive.close_inquiry("inquiry-old", CLOSED.replace(year=2025), customer="c-1")
        archive.close_inquiry("inquiry-new", CLOSED, customer="c-2")
        archive.look("inquiry-old", CLOSED.replace(year=2024))
        archive.look("inquiry-new", CLOSED)
        asyncio.run(archive.run(CLOSED))
    return environment


def said(place: dict[str, str], *command: str) -> str:
    result = RUNNER.invoke(app, command, env=place)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.clause("INQ-7.1")
def test_what_is_due_is_counted_by_class_and_left_alone(place: dict[str, str]) -> None:
    for _ in range(2):
        shown = counted(said(place, "retention", "due", "--at", "2028-03-16"))
        assert shown["inquiry"] == shown["history"] == "1"
        assert shown["verification"] == "1"  # the old inquiry's
        assert shown["incident"] == "0"
        assert shown["access_log"] == "0"
    assert counted(said(place, "retention", "due", "--at", "2028-03-15T08:59:59"))["inquiry"] == "0"
    shown = counted(said(place, "retention", "due", "--at", "2030-03-15T09:00"))
    assert shown["access_log"] == "1"
    with pytest.raises(OperatorError, match="no moment"):
        RUNNER.invoke(app, ["retention", "due", "--at", "soon"], catch_exceptions=False, env=place)


def counted(shown: str) -> dict[str, str]:
    """Return the numbers of the table, by class."""
    lines = [line.split("│") for line in shown.splitlines() if line.startswith("│")]
    return {cells[1].strip(): cells[2].strip() for cells in lines}


@pytest.mark.clause("HOF-5.1")
def test_certificates_are_listed_and_shown_whole(place: dict[str, str]) -> None:
    listed = said(place, "certificates")
    assert "retention-1 " in listed
    assert "retention-1.1" not in listed
    assert "1 history, 1 inquiry, 1 entries of the access log" in listed
    assert "intact" in listed
    batches = said(place, "certificates", "--batches")
    assert "retention-1.1" in batches
    assert "retention-1.access-log.1" in batches
    shown = said(place, "certificates", "retention-1.1")
    assert "Journals purged: inquiry-old" in shown
    assert '"inquiry.cases": 1' in shown
    assert "c-1" not in shown
    with pytest.raises(OperatorError, match="no certificate"):
        RUNNER.invoke(app, ["certificates", "nothing"], catch_exceptions=False, env=place)


@pytest.mark.clause("HOF-5.1")
def test_what_a_restored_key_store_brings_back_is_told_and_destroyed_again(
    place: dict[str, str],
) -> None:
    said_nothing = RUNNER.invoke(app, ["keys", "status"], env=place)
    assert said_nothing.exit_code == 0
    assert "work again" not in said_nothing.stderr
    _bring_back(place)
    status = RUNNER.invoke(app, ["keys", "status"], env=place)
    assert "2 keys were destroyed, and work again" in status.stderr
    would = RUNNER.invoke(app, ["keys", "reconcile", "--dry-run"], env=place)
    assert (would.exit_code, "2 keys have come back" in would.stderr) == (0, True)
    done = RUNNER.invoke(app, ["keys", "reconcile"], env=place)
    assert (done.exit_code, "2 keys had come back" in done.stderr) == (0, True)
    shown = counted(done.stdout)
    assert (shown["cases, inquiry"], shown["cases, history"], shown["customers"]) == ("1", "1", "0")
    again = RUNNER.invoke(app, ["keys", "reconcile"], env=place)
    assert (again.exit_code, "0 keys had come back" in again.stderr) == (0, True)


def _bring_back(place: dict[str, str]) -> None:
    """Let the destroyed keys have something again, as their rows in a backup do."""
    gone = data_keys.c.wrapped.is_(None), data_keys.c.owner == "inquiry-old"
    old = {"wrapped": "of a backup", "destroyed_at": None, "destroyed_by": None}
    with closing(Database(place["HANDRAIL_KEY_DATABASE_URL"])) as keys:
        keys.write(lambda c: c.execute(update(data_keys).where(*gone).values(old)))
