"""The commands as an operator types them: what they say, where they say it, how they end."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from adapters.api_keys import ApiKeys
from adapters.database import Database
from adapters.migrate import is_current
from cli.main import app
from runtime.devserver import DevServer
from sop.models import Role
from tests.processes import Ended, run, running

COMMANDS = (
    ("api",), ("worker",), ("migrate",), ("bootstrap",), ("openapi",), ("version",),
    ("keys",), ("keys", "create"), ("keys", "list"), ("keys", "revoke"),
    ("keys", "init"), ("keys", "rotate"), ("keys", "status"),
    ("identity",), ("identity", "set"), ("identity", "show"), ("identity", "remove"),
    ("brief",), ("policy",), ("policy", "check"), ("policy", "show"),
    ("training",), ("training", "record"), ("training", "list"), ("training", "expiring"),
    ("recipients",), ("recipients", "add"), ("recipients", "list"), ("recipients", "revoke"),
    ("certificate",), ("explain",), ("incidents",),
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a fresh installation with nothing in it."""
    return {"HANDRAIL_STATE_DIR": str(tmp_path / "state")}


def invoke(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return code, output and errors."""
    ended = CliRunner().invoke(app, arguments, env=environment)
    return ended.exit_code, ended.stdout, ended.stderr or str(ended.exception or "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    code, out, _ = invoke({}, *command, "--help")
    assert code == 0
    assert "Usage:" in out
    assert len(out.splitlines()) > 4


def test_a_key_is_shown_once_and_alone_on_the_output(place: dict[str, str]) -> None:
    assert invoke(place, "migrate")[0] == 0
    code, out, err = invoke(
        place, "keys", "create", "--role", "csr", "--principal", "ana", "--expires", "90d"
    )
    token = out.strip()
    assert code == 0
    assert "key-" in err
    assert token not in err
    code, listed, _ = invoke(place, "keys", "list")
    assert token[-4:] in listed
    assert token not in listed
    with closing(Database(f"sqlite:///{place['HANDRAIL_STATE_DIR']}/handrail.db")) as database:
        key = ApiKeys(database).authenticate(token)
    assert key is not None
    assert (key.principal, key.role) == ("ana", Role.CSR)
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days in {89, 90}


def test_a_revoked_key_opens_nothing_and_is_listed_so(place: dict[str, str]) -> None:
    invoke(place, "migrate")
    token = invoke(place, "keys", "create", "--role", "auditor", "--principal", "au")[1].strip()
    key_id = f"key-{token.split('_')[1]}"
    assert invoke(place, "keys", "revoke", key_id)[0] == 0
    assert "revoked" in invoke(place, "keys", "list")[1]
    with closing(Database(f"sqlite:///{place['HANDRAIL_STATE_DIR']}/handrail.db")) as database:
        assert ApiKeys(database).authenticate(token) is None


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--role", "csr", "--principal", "Ana Schmidt"), "such as `ana`"),
        (("--role", "system", "--principal", "ana"), "choose another"),
        (("--role", "operator", "--principal", "handrail"), "choose another"),
        (("--role", "csr", "--principal", "ana", "--expires", "soon"), "2027-01-01"),
        (("--role", "csr", "--principal", "ana", "--expires", "2020-01-01"), "to come"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_with_what_to_do(
    place: dict[str, str], arguments: tuple[str, ...], hint: str
) -> None:
    invoke(place, "migrate")
    code, out, said = invoke(place, "keys", "create", *arguments)
    assert (code, out) == (1, "")
    assert hint in said


def test_a_key_before_the_migration_is_refused_with_what_to_do(place: dict[str, str]) -> None:
    invoke(place, "migrate")
    Path(place["HANDRAIL_STATE_DIR"], "handrail.db").unlink()
    code, _, said = invoke(place, "keys", "list")
    assert code == 1
    assert "handrail migrate" in said


def test_migrating_twice_changes_nothing(place: dict[str, str]) -> None:
    for _ in range(2):
        code, out, err = invoke(place, "migrate")
        assert (code, out) == (0, "")
        assert "up to date" in err
    with closing(Database(f"sqlite:///{place['HANDRAIL_STATE_DIR']}/handrail.db")) as database:
        assert is_current(database)


def test_the_description_is_printed_and_compared(place: dict[str, str]) -> None:
    code, out, _ = invoke(place, "openapi")
    assert code == 0
    assert out.startswith('{\n  "openapi": "3.1')
    code, out, err = invoke(place, "openapi", "--check")
    assert (code, out) == (0, "")
    assert "up to date" in err


@pytest_asyncio.fixture(scope="module")
async def prepared(server: DevServer) -> Ended:
    """Run `handrail bootstrap` on a server."""
    return await run("bootstrap", TEMPORAL_ADDRESS=server.address, TEMPORAL_NAMESPACE="by-command")


def test_bootstrap_says_what_it_has_done(prepared: Ended) -> None:
    assert (prepared.code, prepared.out) == (0, "")
    assert "is ready" in prepared.err


async def test_a_worker_starts_and_ends_with_0_when_it_is_told_to_stop(
    server: DevServer, place: dict[str, str]
) -> None:
    assert (await asyncio.to_thread(invoke, place, "migrate"))[0] == 0
    environment = {**place, "TEMPORAL_ADDRESS": server.address, "HANDRAIL_TASK_QUEUE": "cli"}
    async with running("worker", ready="worker.started", **environment) as worker:
        assert await worker.stop() == 0
    assert worker.event("worker.stopped")


async def test_what_an_operator_can_mend_is_said_in_a_sentence_without_a_traceback(
    place: dict[str, str],
) -> None:
    ended = await run("migrate", **place, HANDRAIL_DATABASE_URLL="sqlite:///x")
    assert (ended.code, ended.out) == (1, "")
    assert "HANDRAIL_DATABASE_URL" in ended.err
    assert "Traceback" not in ended.err
