"""What `make fuzz` sends the codec server, from within a session: it has no description of its own.

Begun by `tests/fuzz.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.api.codec.house import UI, asked
from tests.bench.history import payloads_of
from tests.desk import Desk
from tests.processes import Running, running

CONFIG = """
headers = {{ Cookie = "${{HANDRAIL_FUZZ_KEY}}", Origin = "{url}" }}
continue-on-failure = true

[generation]
no-shrink = true
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
_NAMESPACE = {
    "name": "namespace", "in": "path", "required": True,
    "schema": {"anyOf": [{"const": "default"}, {"type": "string"}]},
}  # fmt: skip
_HEADER = {"name": "X-Namespace", "in": "header", "schema": {"type": "string"}}


@dataclass(frozen=True)
class Codec:
    """A codec server, and the cookie of a session with it."""

    process: Running
    url: str
    cookie: str


@asynccontextmanager
async def codec_server(token: str, **environment: str) -> AsyncIterator[Codec]:
    """Run `handrail codec`, and log in."""
    own = {"HANDRAIL_CODEC_PORT": "0", "HANDRAIL_CODEC_ORIGINS": UI}
    async with running("codec", ready="codec.listening", **environment, **own) as process:
        url = str(process.event("codec.listening")["address"])
        async with httpx2.AsyncClient(base_url=url) as http:
            answer = await http.post("/login", data={"key": token}, headers={"Origin": url})
        assert answer.status_code == 303, answer.text
        yield Codec(process, url, answer.headers["Set-Cookie"].partition(";")[0])


async def description(desk: Desk, case_id: str, file: Path) -> Path:
    """Write how the codec server is asked, with a case's payloads as the example."""
    history = await desk.handle(case_id).fetch_history()
    payloads = [payload for event in history.events for payload in payloads_of(event)]
    said = _description(asked(*payloads))
    await asyncio.to_thread(file.write_text, json.dumps(said), "utf-8")
    return file


def _description(example: dict[str, Any]) -> dict[str, Any]:
    decode = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _BODY, "example": example}},
        },
        "responses": _answers(200, 400, 401, 403, 413, 415, 422),
    }
    form = {
        "type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"],
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "The codec server", "version": "1"},
        "paths": {
            "/decode": {"post": decode | {"parameters": [_HEADER]}},
            "/{namespace}/decode": {"post": decode | {"parameters": [_NAMESPACE, _HEADER]}},
            "/login": {
                "get": {"responses": {"200": {"description": "The page."}}},
                "post": {
                    "requestBody": {
                        "content": {"application/x-www-form-urlencoded": {"schema": form}}
                    },
                    "responses": _answers(303, 400, 401, 403, 413, 415),
                },
            },
            "/healthz": {"get": {"responses": _answers(200)}},
        },
    }


def _answers(*codes: int) -> dict[str, Any]:
    return {str(code): {"description": "As it is."} for code in codes}


_TEXTS = {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}}
_PAYLOAD = {
    "type": "object",
    "properties": {"metadata": _TEXTS, "data": {"type": "string", "format": "byte"}},
}
_BODY = {
    "type": "object",
    "properties": {"payloads": {"type": "array", "maxItems": 1000, "items": _PAYLOAD}},
    "required": ["payloads"],
}
