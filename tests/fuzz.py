"""`make fuzz`: schemathesis runs all its checks over the live API, 10,000 requests of it.

It runs a desk of its own: server, worker, database and `handrail api` as a process.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from adapters.api_keys import ApiKeys
from runtime.devserver import dev_server
from runtime.logging import configure_logging
from runtime.process import run_and_leave
from sop.models import Actor, Role
from tests.api.callers import inquiry
from tests.api.handing import handoff
from tests.api.test_incidents import breach
from tests.desk import a_desk, shipped_policy, sqlite_url, train
from tests.processes import Running, running
from workflows.search_attributes import SEARCH_ATTRIBUTES

CONFIG = (Path(__file__).parent / "api" / "schemathesis.toml").read_text("utf-8")
FEWER = """
# Every edge of the description only where bodies and parameters differ in kind.
[[operations]]
exclude-operation-id = [
    "open_inquiry", "list_inquiries", "categorise", "promise", "record_follow_up", "acknowledge",
    "open_handoff", "list_handoffs", "transfer", "answer_offer",
]
phases = { coverage = { enabled = false } }
"""
"""Added for the suite, which has no time for them all."""

KNOWN = """
[dictionaries]
inquiries = {{ values = {inquiries} }}
handoffs = {{ values = {handoffs} }}
incidents = {{ values = {incidents} }}

[[operations]]
include-path-regex = "^/v1/inquiries/"
parameters = {{ "path.case_id" = {{ dictionary = "inquiries", probability = 0.6 }} }}

[[operations]]
include-path-regex = "^/v1/handoffs/"
parameters = {{ "path.case_id" = {{ dictionary = "handoffs", probability = 0.6 }} }}

[[operations]]
include-path-regex = "^/v1/incidents/"
parameters = {{ "path.case_id" = {{ dictionary = "incidents", probability = 0.6 }} }}
"""
"""Added for the long run: cases that there are, or most requests would end at 404."""

OFF = {f"HANDRAIL_RATE_PER_{kind}": "off" for kind in ("PRINCIPAL", "CUSTOMER", "ADDRESS")}
"""A fuzzer is a caller beyond every rate."""


async def fuzz(
    url: str, token: str, directory: Path, *arguments: str, config: str = CONFIG
) -> tuple[int, str]:
    """Let schemathesis loose on an API; return its code and what it said."""
    file = directory / "schemathesis.toml"
    file.write_text(config, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run",
        f"{url}/openapi.json", "--no-color", *arguments,
        cwd=directory, env=os.environ | {"HANDRAIL_FUZZ_KEY": token},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return process.returncode, out.decode()


def served(api: Running) -> Counter[int]:
    """Return how many requests an API has answered, by status."""
    lines = (json.loads(line) for line in api.lines if '"request.served"' in line)
    return Counter(line["status"] for line in lines)


async def _open_cases(url: str, token: str) -> dict[str, list[str]]:
    """Open some cases of each kind; return their ids."""
    bodies = {"inquiries": inquiry(), "handoffs": handoff(), "incidents": breach()}
    cases: dict[str, list[str]] = {}
    async with httpx2.AsyncClient(base_url=url) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        for kind, body in bodies.items():
            for number in range(5):
                key = {"Idempotency-Key": f"fuzz {number}"}
                opened = await http.post(f"/v1/{kind}", json=body, headers=key)
                opened.raise_for_status()
                cases.setdefault(kind, []).append(opened.json()["case_id"])
    return cases


async def _main(arguments: argparse.Namespace) -> int:
    configure_logging("json", "ERROR")  # the worker's, which runs in this process
    async with AsyncExitStack() as stack:
        state = Path(stack.enter_context(TemporaryDirectory(prefix="handrail-fuzz-")))
        server = await stack.enter_async_context(
            dev_server(state / "server", search_attributes=SEARCH_ATTRIBUTES)
        )
        policy = shipped_policy()
        desk = await stack.enter_async_context(a_desk(server, sqlite_url(state), "fuzz", policy))
        fuzzer = Actor(principal="fuzzer", role=Role.DUTY_MANAGER)
        await asyncio.to_thread(train, desk.database, policy, fuzzer)
        made = await asyncio.to_thread(ApiKeys(desk.database).create, fuzzer.principal, fuzzer.role)
        environment = {
            "TEMPORAL_ADDRESS": server.address,
            "HANDRAIL_STATE_DIR": str(state / "api"),
            "HANDRAIL_DATABASE_URL": str(desk.database.engine.url),
            "HANDRAIL_TASK_QUEUE": desk.task_queue,
            "HANDRAIL_API_PORT": "0",
            **OFF,
        }
        api = await stack.enter_async_context(running("api", ready="api.listening", **environment))
        url = f"http://127.0.0.1:{api.event('api.listening')['port']}"
        token = made.token.get_secret_value()
        known = KNOWN.format(**await _open_cases(url, token))
        started = time.monotonic()
        code, said = await fuzz(
            url, token, state,
            "--max-examples", str(arguments.examples), "--seed", str(arguments.seed),
            config=CONFIG + known,
        )  # fmt: skip
        took = time.monotonic() - started
    answers = served(api)
    print(said)
    print(f"{answers.total()} requests in {took:.0f} s: {dict(sorted(answers.items()))}")
    enough = answers.total() >= arguments.requests
    if not enough:
        print(f"fewer than {arguments.requests}: raise --examples")
    return code or int(max(answers) >= 500 or not enough)


def main() -> int:
    """Fuzz; return 1 for anything found, any 5xx, or too few requests."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--requests", type=int, default=10_000, help="the least that must be sent")
    parser.add_argument("--examples", type=int, default=70, help="for each operation and phase")
    parser.add_argument("--seed", type=int, default=20261123)
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    run_and_leave(main)
