"""`make fuzz`: schemathesis runs all its checks over the live API, 10,000 requests of it.

It runs a desk of its own: server, worker, database and `handrail api` as a process. The requests
are split over the roles, for each reaches other code behind the table of who may do what; the codec
server gets some from within a session.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from adapters.api_keys import ApiKeys
from runtime.devserver import dev_server
from runtime.logging import configure_logging
from runtime.process import run_and_leave
from sop.models import Actor, Role
from tests.api.callers import inquiry
from tests.api.handing import handoff
from tests.api.test_incidents import breach
from tests.api.test_privacy import REVIEW, STEPS, request
from tests.desk import Desk, a_desk, eventually, shipped_policy, sqlite_url, train
from tests.fuzz_codec import CHECKS, codec_server, description
from tests.fuzz_codec import CONFIG as CODEC_CONFIG
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
privacy = {{ values = {privacy} }}
customers = {{ values = {customers} }}

[[operations]]
include-path-regex = "^/v1/inquiries/"
parameters = {{ "path.case_id" = {{ dictionary = "inquiries", probability = 0.6 }} }}

[[operations]]
include-path-regex = "^/v1/handoffs/"
parameters = {{ "path.case_id" = {{ dictionary = "handoffs", probability = 0.6 }} }}

[[operations]]
include-path-regex = "^/v1/incidents/"
parameters = {{ "path.case_id" = {{ dictionary = "incidents", probability = 0.6 }} }}

[[operations]]
include-path-regex = "^/v1/privacy-requests/"
parameters = {{ "path.case_id" = {{ dictionary = "privacy", probability = 0.6 }} }}

[[operations]]
include-path-regex = "^/v1/customers/"
parameters = {{ "path.customer_id" = {{ dictionary = "customers", probability = 0.6 }} }}
"""
"""Added for the long run: cases that there are, or most requests would end at 404."""

EDGES = {
    Role.CSR: "/v1/inquiries",
    Role.TEAM_LEADER: "/v1/(staff|receiving-parties|policy|tasks)",
    Role.QUALITY_MANAGER: "/v1/(incidents|incident-reports|duties)",
    Role.DUTY_MANAGER: "/v1/handoffs",
    Role.PRIVACY_OFFICER: "/v1/privacy-requests",
    Role.AUDITOR: "/(?!v1/)",
    Role.SERVICE: "/v1/customers",
}
"""As whom the requests are sent, in turn: each begins with what those before it have left. Every
edge of an operation's description is sent once, as somebody for whom there is something behind."""

ELSEWHERE = """
[[operations]]
exclude-path-regex = "^{edges}"
phases = {{ coverage = {{ enabled = false }} }}
"""

OFF = {f"HANDRAIL_RATE_PER_{kind}": "off" for kind in ("PRINCIPAL", "CUSTOMER", "ADDRESS")}
"""A fuzzer is a caller beyond every rate."""


async def fuzz(
    url: str, token: str, directory: Path, *arguments: str, config: str = CONFIG, schema: str = ""
) -> tuple[int, str]:
    """Let schemathesis loose on an API; return its code and what it said.

    Args:
        url: Where the API is.
        token: What the configuration knows as HANDRAIL_FUZZ_KEY.
        directory: For its files.
        arguments: More of its own.
        config: Its configuration.
        schema: The file of a description, if the API does not serve its own.
    """
    file = directory / "schemathesis.toml"
    file.write_text(config, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run",
        schema or f"{url}/openapi.json", "--url", url, "--no-color", *arguments,
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


class Seeds:
    """What there is before the first request: cases, a hold, an export that is ready."""

    def __init__(self, url: str, tokens: Mapping[Role, str]) -> None:
        self._url = url
        self._tokens = tokens

    async def sow(self) -> dict[str, list[str]]:
        """Put it there; return the ids by kind."""
        bodies = {"inquiries": inquiry(), "handoffs": handoff(), "incidents": breach()}
        cases = {
            kind: [await self._open(f"/v1/{kind}", body, number) for number in range(5)]
            for kind, body in bodies.items()
        }
        exports = [await self._export(number) for number in range(2)]
        hold = request("hold", "c-held", reason="litigation", review_at=REVIEW)
        others = [hold, request("export", "c-1"), request("erasure", "c-2")]
        opened = [await self._ask(body, number) for number, body in enumerate(others)]
        await self._until(opened[0], "placed")
        customers = ["c-1", "c-2", "c-exported-0", "c-held"]
        return cases | {"privacy": exports + opened, "customers": customers}

    async def _export(self, number: int) -> str:
        customer = f"c-exported-{number}"
        body = inquiry(customer={"customer_id": customer, "name": "Erna Exported"})
        await self._open("/v1/inquiries", body, f"of {customer}")
        name = await self._ask(request("export", customer), f"of {customer}")
        for role, step in (
            (Role.PRIVACY_OFFICER, "verify_requester"),
            (Role.PRIVACY_OFFICER, "approve_privacy_request"),
            (Role.QUALITY_MANAGER, "release_privacy_request"),
        ):
            path, told = STEPS[step]
            await self._send(role, f"/v1/privacy-requests/{name}/{path}", told)
        await self._until(name, "executed")
        return name

    async def _ask(self, body: object, key: object) -> str:
        return await self._open("/v1/privacy-requests", body, key, Role.PRIVACY_OFFICER)

    async def _open(self, path: str, body: object, key: object, role: Role = Role.CSR) -> str:
        return str((await self._send(role, path, body, key))["case_id"])

    async def _send(
        self, role: Role, path: str, body: object, key: object = None
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": f"fuzz {key}"} if key is not None else {}
        async with self._caller(role) as http:
            answer = await http.post(path, json=body, headers=headers)
        answer.raise_for_status()
        return dict(answer.json())

    async def _until(self, name: str, stage: str) -> None:
        async with self._caller(Role.PRIVACY_OFFICER) as http:

            async def so() -> bool:
                answer = await http.get(f"/v1/privacy-requests/{name}")
                return answer.is_success and answer.json()["stage"] == stage

            await eventually(so)

    def _caller(self, role: Role) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {self._tokens[role]}"}
        return httpx2.AsyncClient(base_url=self._url, headers=headers, timeout=30)


async def _keys(desk: Desk) -> dict[Role, str]:
    """Return a key of each role, of somebody trained."""
    keys, made = ApiKeys(desk.database), {}
    for role in EDGES:
        fuzzer = Actor(principal=f"fuzzer-{role}", role=role)
        await asyncio.to_thread(train, desk.database, desk.cases.policy, fuzzer)
        key = await asyncio.to_thread(keys.create, fuzzer.principal, role)
        made[role] = key.token.get_secret_value()
    return made


async def _as_everybody(
    url: str,
    tokens: Mapping[Role, str],
    state: Path,
    seeds: Mapping[str, list[str]],
    arguments: argparse.Namespace,
) -> int:
    """Fuzz as one role after the other; return the worst code."""
    known, worst = KNOWN.format(**seeds), 0
    for number, role in enumerate(arguments.roles):
        directory = state / role
        directory.mkdir()
        code, said = await fuzz(
            url, tokens[role], directory,
            "--max-examples", str(arguments.examples), "--seed", str(arguments.seed + number),
            config=CONFIG + known + ELSEWHERE.format(edges=EDGES[role]),
        )  # fmt: skip
        print(f"as {role}:\n{said}\n", flush=True)
        worst = max(worst, code)
    return worst


async def _codec(
    desk: Desk, token: str, case_id: str, state: Path, environment: Mapping[str, str]
) -> tuple[int, Counter[int]]:
    """Fuzz the codec server from within a session; return the code, and what was answered."""
    async with codec_server(token, **environment) as codec:
        directory = state / "codec"
        directory.mkdir()
        schema = await description(desk, case_id, directory / "codec.json")
        code, said = await fuzz(
            codec.url, codec.cookie, directory, "--max-examples", "50", "--checks", CHECKS,
            config=CODEC_CONFIG.format(url=codec.url), schema=str(schema),
        )  # fmt: skip
        print(f"the codec server:\n{said}", flush=True)
    return code, served(codec.process)


async def _main(arguments: argparse.Namespace) -> int:
    configure_logging("json", "ERROR")  # the worker's, which runs in this process
    async with AsyncExitStack() as stack:
        state = Path(stack.enter_context(TemporaryDirectory(prefix="handrail-fuzz-")))
        server = await stack.enter_async_context(
            dev_server(state / "server", search_attributes=SEARCH_ATTRIBUTES)
        )
        policy = shipped_policy()
        desk = await stack.enter_async_context(a_desk(server, sqlite_url(state), "fuzz", policy))
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
        tokens = await _keys(desk)
        seeds = await Seeds(url, tokens).sow()
        started = time.monotonic()
        code = await _as_everybody(url, tokens, state, seeds, arguments)
        decoded, by_codec = await _codec(
            desk, tokens[Role.AUDITOR], seeds["inquiries"][0], state, environment
        )
        took = time.monotonic() - started
    answers = served(api) + by_codec
    print(f"{answers.total()} requests in {took:.0f} s: {dict(sorted(answers.items()))}")
    enough = answers.total() >= arguments.requests
    if not enough:
        print(f"fewer than {arguments.requests}: raise --examples")
    return code or decoded or int(max(answers) >= 500 or not enough)


def main() -> int:
    """Fuzz; return 1 for anything found, any 5xx, or too few requests."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--requests", type=int, default=10_000, help="the least that must be sent")
    parser.add_argument(
        "--examples", type=int, default=8, help="for each role, operation and phase"
    )
    parser.add_argument("--roles", type=Role, nargs="+", choices=list(EDGES), default=list(EDGES))
    parser.add_argument("--seed", type=int, default=20261123)
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    run_and_leave(main)
