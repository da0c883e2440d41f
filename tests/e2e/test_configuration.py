"""The same code on PostgreSQL and a remote Temporal, by configuration alone."""

import asyncio
import os
import socket
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from sqlalchemy import make_url

from runtime.devserver import DevServer
from tests.desk import CONFIRMED, RECEPTION, RESOLVED, eventually

ROOT = Path(__file__).parents[2]
HANDRAIL = [sys.executable, "-c", "from cli.main import main; main()"]


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[str]:
    """Make a database with nothing in it."""
    name = f"company_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def app_role(postgres_url: str, empty_postgres: str) -> Iterator[str]:
    """Make the role of API and worker, which owns nothing."""
    name = f"app_{uuid.uuid4().hex}"
    with psycopg.connect(empty_postgres, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'".encode())
        yield name
        admin.execute(f"DROP OWNED BY {name}".encode())
        admin.execute(f"DROP ROLE {name}".encode())


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role, password=role).render_as_string(hide_password=False)


@pytest.fixture
def company(
    server: DevServer, empty_postgres: str, app_role: str, tmp_path: Path
) -> dict[str, str]:
    """Describe a company's installation: environment variables, and nothing else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith(("HANDRAIL_", "TEMPORAL_"))},
        "HANDRAIL_DATABASE_URL": as_role(empty_postgres, app_role),
        "HANDRAIL_IDENTITY_KEY": "a key of the tests that opens nothing",
        "HANDRAIL_CHECKPOINT_KEY": "a key of the tests that signs nothing",
        "HANDRAIL_KEY_ENCRYPTION": f"local:{tmp_path / 'kek.json'}",
        "HANDRAIL_API_PORT": str(port),
        "HANDRAIL_STATE_DIR": str(tmp_path / "unused"),
        "HANDRAIL_LOG_FORMAT": "json",
        "TEMPORAL_ADDRESS": server.address,
        "TEMPORAL_NAMESPACE": "company",
    }


@pytest.mark.timeout(300)  # twelve commands, each a process
@pytest.mark.clause("INQ-4.5.1")
async def test_an_inquiry_closes_on_postgresql_and_a_remote_temporal_by_configuration_alone(
    company: dict[str, str], empty_postgres: str, app_role: str
) -> None:
    refused, said = await _run(company, "worker")
    assert (refused, "handrail keys init" in said) == (1, True)
    assert (await _run(company, "keys", "init"))[0] == 0
    refused, said = await _run(company, "worker")
    assert (refused, "handrail bootstrap" in said) == (1, True)
    owner = {**company, "HANDRAIL_DATABASE_URL": empty_postgres}
    assert (await _run(owner, "migrate", "--app-role", app_role))[0] == 0
    assert (await _run(company, "bootstrap"))[0] == 0
    code, token = await _run(company, "keys", "create", "--role", "csr", "--principal", "anna")
    assert code == 0
    trained = await _run(company, "training", "record", "anna", "inquiry_handling")
    assert trained[0] == 0, trained[1]
    async with _running(company, "worker") as worker, _running(company, "api") as api:
        base = f"http://127.0.0.1:{company['HANDRAIL_API_PORT']}"
        headers = {"Authorization": f"Bearer {token.splitlines()[-1]}"}
        async with httpx2.AsyncClient(base_url=base, headers=headers) as caller:
            await eventually(lambda: _is_ready(caller), within=60)
            await _close_a_case(caller)
    assert (worker.returncode, api.returncode) == (0, 0)


async def _close_a_case(caller: httpx2.AsyncClient) -> None:
    reception = RECEPTION.model_dump(mode="json")
    opening = {
        "customer": {"customer_id": "c-1"},
        "channel": "phone",
        "subject": "Charged twice",
        "text": "My card was charged twice.",
        "reception": reception,
        "classification": {"category": "billing", "priority": "standard"},
    }
    opened = await caller.post("/v1/inquiries", json=opening, headers={"Idempotency-Key": "one"})
    assert opened.status_code == 202
    case = opened.headers["Location"]
    steps = {
        "verification": {
            "forms_asked": ["passport", "account_number"],
            "outcome": "verified",
        },
        "resolution": {"resolution": RESOLVED.resolution, "customer_confirmed": True},
        "follow-ups": {"outcome": "confirmed", "feedback": CONFIRMED.feedback},
    }
    for route, body in steps.items():
        answer = await caller.post(f"{case}/{route}", json=body)
        assert answer.status_code == 200, answer.text
    closed = (await caller.get(case)).json()
    assert (closed["stage"], closed["closed_as"], closed["responsible"]) == (
        "closed",
        "resolved",
        "anna",
    )


async def _is_ready(caller: httpx2.AsyncClient) -> bool:
    try:
        return (await caller.get("/readyz")).status_code == 200
    except httpx2.TransportError:
        return False


async def _run(company: dict[str, str], *command: str) -> tuple[int, str]:
    """Run a command to its end; return its code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *HANDRAIL, *command, cwd=ROOT, env=company, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (err + out).decode().strip()


@asynccontextmanager
async def _running(company: dict[str, str], command: str) -> AsyncIterator[Process]:
    """Run a service; end it as systemd and containers do, by SIGTERM."""
    process = await asyncio.create_subprocess_exec(*HANDRAIL, command, cwd=ROOT, env=company)
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()
