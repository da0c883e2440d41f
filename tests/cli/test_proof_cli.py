"""`handrail certificate` and `handrail explain`, as somebody types them who asks about a case."""

import asyncio
import json
from pathlib import Path
from unicodedata import category

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from cli.main import app
from sop import messages as m
from tests.desk import ANNA, VERIFIED, Desk

UNKNOWN = "inquiry-00000000"


def invoke(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return code, output and errors."""
    ended = CliRunner().invoke(app, arguments, env=environment)
    return ended.exit_code, ended.stdout, ended.stderr or str(ended.exception or "")


@pytest.fixture
def place(desk: Desk, tmp_path: Path) -> dict[str, str]:
    """Return the environment of the desk's CRM."""
    url = desk.database.engine.url.render_as_string(hide_password=False)
    return {"HANDRAIL_STATE_DIR": str(tmp_path / "state"), "HANDRAIL_DATABASE_URL": url}


@pytest_asyncio.fixture(scope="module")
async def case_id(desk: Desk) -> str:
    """Open an inquiry, and verify its customer."""
    case_id = await desk.open("told on the command line")
    await desk.do(case_id, VERIFIED, m.AddNote(actor=ANNA, text="A [bold] note | with a bar."))
    return case_id


@pytest_asyncio.fixture(scope="module")
async def withdrawn(desk: Desk) -> str:
    """Open an inquiry, and withdraw it."""
    case_id = await desk.open("withdrawn on the command line")
    await desk.do(case_id, m.Withdraw(actor=ANNA, reason="The customer found the receipt."))
    return case_id


@pytest.mark.clause("INQ-4.5.1")
async def test_the_certificate_is_a_table_of_the_clauses_and_says_what_is_missing(
    place: dict[str, str], case_id: str
) -> None:
    code, out, _ = await asyncio.to_thread(invoke, place, "certificate", case_id)
    assert code == 0
    (line,) = (line for line in out.splitlines() if "INQ-4.3.2" in line and "proved" in line)
    assert "anna (representative)" in line
    assert f"{case_id}#" in line
    assert out.splitlines()[-1].startswith("Missing: INQ-4.4.1, ")


async def test_what_is_missing_fails_only_where_it_is_asked_to(
    place: dict[str, str], case_id: str, withdrawn: str
) -> None:
    for form in ((), ("--json",), ("--markdown",)):
        said = await asyncio.to_thread(invoke, place, "certificate", case_id, "--strict", *form)
        assert said[0] == 1
        assert "INQ-4.4.1" in said[1]
    assert (await asyncio.to_thread(invoke, place, "certificate", withdrawn, "--strict"))[0] == 0


async def test_the_certificate_is_json_for_programs_and_a_page_for_people(
    place: dict[str, str], case_id: str
) -> None:
    code, out, _ = await asyncio.to_thread(invoke, place, "certificate", case_id, "--json")
    said = json.loads(out)
    assert (code, said["case_id"], said["complete"]) == (0, case_id, False)
    assert "INQ-4.4.1" in said["missing"]
    code, page, _ = await asyncio.to_thread(invoke, place, "certificate", case_id, "--markdown")
    assert code == 0
    assert page.startswith(f"# Certificate of {case_id}\n")
    rows = [line for line in page.splitlines() if line.startswith("| INQ")]
    assert len(rows) == len(said["lines"])
    assert any("**missing**" in row for row in rows)


async def test_one_form_is_chosen_at_a_time(place: dict[str, str], case_id: str) -> None:
    both = ("certificate", case_id, "--json", "--markdown")
    code, out, said = await asyncio.to_thread(invoke, place, *both)
    assert (code, out) == (1, "")
    assert "Choose one" in said


@pytest.mark.clause("INQ-4.5.1")
async def test_a_case_is_told_in_sentences_and_ends_with_what_it_waits_for(
    place: dict[str, str], case_id: str
) -> None:
    code, out, _ = await asyncio.to_thread(invoke, place, "explain", case_id)
    told, _, standing = out.partition("\n\n")
    assert code == 0
    assert "anna (representative) opened the inquiry (phone)" in told.splitlines()[0]
    assert told.splitlines()[0].endswith("[INQ-2, INQ-3.1]")
    assert told.splitlines()[-1].endswith("noted: “A [bold] note | with a bar.”")
    assert standing.startswith("The inquiry is open, at the stage in progress; anna holds it.")
    code, out, _ = await asyncio.to_thread(invoke, place, "explain", case_id, "--json")
    said = json.loads(out)
    assert (code, len(said["entries"])) == (0, len(told.splitlines()))


async def test_what_people_wrote_does_not_steer_the_terminal(
    place: dict[str, str], desk: Desk
) -> None:
    case_id = await desk.open("a note that steers")
    await desk.do(case_id, m.AddNote(actor=ANNA, text="clear\x1b[2J \x9b2J \x1b]0;title\x07 end"))
    for command in (("explain",), ("certificate",), ("certificate", "--markdown")):
        code, out, _ = await asyncio.to_thread(invoke, place, command[0], case_id, *command[1:])
        assert code == 0
        assert [c for c in out if category(c) == "Cc" and c != "\n"] == []
    _, out, _ = await asyncio.to_thread(invoke, place, "explain", case_id)
    assert "clear\N{REPLACEMENT CHARACTER}[2J" in out


@pytest.mark.parametrize("command", ["certificate", "explain"])
async def test_a_case_that_is_not_there_is_said_to_be_so(
    place: dict[str, str], command: str
) -> None:
    code, out, said = await asyncio.to_thread(invoke, place, command, UNKNOWN)
    assert (code, out) == (1, "")
    assert f"no case {UNKNOWN}" in said
    code, out, said = await asyncio.to_thread(invoke, place, command, "order-77")
    assert (code, out) == (1, "")
    assert "inquiry-..., handoff-..., incident-..." in said


@pytest.mark.parametrize("command", ["certificate", "explain"])
def test_a_database_that_is_not_migrated_is_said_to_be_so(tmp_path: Path, command: str) -> None:
    place = {"HANDRAIL_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    code, out, said = invoke(place, command, UNKNOWN)
    assert (code, out) == (1, "")
    assert "handrail migrate" in said
