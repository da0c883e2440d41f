"""`handrail brief`, as somebody types it who hands over, or receives."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.desk import ANNA, Desk
from tests.handoffs import a_handoff


def invoke(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return code, output and errors."""
    ended = CliRunner().invoke(app, arguments, env=environment)
    return ended.exit_code, ended.stdout, ended.stderr or str(ended.exception or "")


@pytest.fixture
def place(desk: Desk, tmp_path: Path) -> dict[str, str]:
    """Return the environment of the desk's CRM."""
    url = desk.database.engine.url.render_as_string(hide_password=False)
    return {"HANDRAIL_STATE_DIR": str(tmp_path / "state"), "HANDRAIL_DATABASE_URL": url}


@pytest.mark.clause("HOF-4.2.2")
async def test_the_brief_is_printed_as_text(desk: Desk, place: dict[str, str]) -> None:
    opened = await desk.cases.open_handoff(a_handoff(), actor=ANNA, key="brief", digest="x")
    await desk.journal_holds(opened.case_id, "handoff.opened")
    code, out, err = await asyncio.to_thread(invoke, place, "brief", opened.case_id)
    assert (code, err) == (0, "")
    assert out.startswith(f"Handoff {opened.case_id}: A contract to be checked\n")
    assert "Identity: not verified\n" in out
    assert "  contract: The signed contract. (not confirmed)\n" in out


async def test_a_brief_of_no_handoff_says_where_to_look(place: dict[str, str], desk: Desk) -> None:
    for case in ("handoff-00000000000000000000", "inquiry-1", "x"):
        code, out, said = await asyncio.to_thread(invoke, place, "brief", case)
        assert (code, out) == (1, "")
        assert f"The CRM has no handoff {case}" in said


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = {"HANDRAIL_STATE_DIR": str(tmp_path)}
    code, out, said = invoke(place, "brief", "handoff-00000000000000000000")
    assert (code, out) == (1, "")
    assert "handrail migrate" in said
