"""Canaries: what a customer or a colleague may write, each place with a mark of its own."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

MARK = "Quillfeather"
"""Stands in every canary, and in nothing else."""

ANYTHING = r"^[^\x00]*$"
"""The pattern of the fields into which people write."""


def canary(place: str) -> str:
    """Return a text that says where it was written."""
    return f"{MARK} {place}"


def needles(mark: str = MARK) -> tuple[bytes, ...]:
    """Return how a mark may look in a file: as it is, in UTF-16, hexadecimal, or base64."""
    raw = mark.encode()
    shifted = (base64.b64encode(b"\0" * shift + raw) for shift in range(3))
    # The ends of a shifted text depend on its neighbours.
    inner = (code[4:-4] if at else code[:-4] for at, code in enumerate(shifted))
    return raw, mark.encode("utf-16-le"), raw.hex().encode(), *inner


@dataclass(frozen=True)
class Hit:
    """A place in a file where a canary stands."""

    file: str
    around: str


def hits(files: Iterable[Path], *marks: str) -> list[Hit]:
    """Return every place in which a canary stands, or another mark, in any encoding or case."""
    wanted = [needle.lower() for mark in (MARK, *marks) for needle in needles(mark)]
    return [
        Hit(file.name, around) for file in files for around in _found(file.read_bytes(), wanted)
    ]


def _found(content: bytes, wanted: Iterable[bytes]) -> Iterator[str]:
    lowered = content.lower()
    for needle in wanted:
        at = lowered.find(needle)
        while at >= 0:
            yield repr(content[max(0, at - 60) : at + len(needle) + 40])
            at = lowered.find(needle, at + 1)


@dataclass
class Sent:
    """The free texts that were accepted: (route, field) of each, and the texts."""

    fields: set[tuple[str, str]] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def note(self, route: str, body: Any) -> None:
        """Note what a body held of canaries."""
        for path, text in _canaries(body):
            self.fields.add((route, path))
            self.texts.add(text)


def _canaries(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _canaries(inner, f"{path}.{name}")
        case list():
            for inner in value:
                yield from _canaries(inner, f"{path}[]")
        case str() if MARK.casefold() in value.casefold():
            yield path, value
        case _:
            return


def free_texts(openapi: dict[str, Any]) -> set[tuple[str, str]]:
    """Return every field of every route that takes text in which anything may stand."""
    found = set()
    for route, operations in openapi["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for path in _texts(openapi, body.get("schema", {})):
                found.add((f"{method.upper()} {route}", path))
    return found


def _texts(openapi: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    if "$ref" in schema:
        schema = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(choice, ()):
            yield from _texts(openapi, inner, path)
    for name, inner in schema.get("properties", {}).items():
        yield from _texts(openapi, inner, f"{path}.{name}")
    if "items" in schema:
        yield from _texts(openapi, schema["items"], f"{path}[]")
    if schema.get("type") == "string" and _takes_anything(schema):
        yield path


def _takes_anything(schema: dict[str, Any]) -> bool:
    """Return whether a person's words fit: not a code, an id, a day or a moment."""
    if {"enum", "const"} & schema.keys() or schema.get("format") in {"date", "date-time"}:
        return False
    return str(schema.get("pattern", ANYTHING)) == ANYTHING


def route_of(openapi: dict[str, Any], method: str, path: str) -> str:
    """Return the route of a request, as the description of the API spells it."""
    parts = path.split("?", maxsplit=1)[0].split("/")
    for route in openapi["paths"]:
        wanted = route.split("/")
        if len(wanted) == len(parts) and all(
            ours == theirs or ours.startswith("{")
            for ours, theirs in zip(wanted, parts, strict=True)
        ):
            return f"{method} {route}"
    raise LookupError(f"the API describes no {method} {path}")


class Recorder(httpx2.AsyncBaseTransport):
    """Notes which free texts of which routes were accepted."""

    def __init__(
        self, inner: httpx2.AsyncBaseTransport, openapi: dict[str, Any], sent: Sent
    ) -> None:
        self._inner = inner
        self._openapi = openapi
        self._sent = sent

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass a request on."""
        response = await self._inner.handle_async_request(request)
        # 409: refused, and on record all the same.
        if response.status_code in {200, 202, 409} and request.content[:1] == b"{":
            route = route_of(self._openapi, request.method, request.url.path)
            self._sent.note(route, json.loads(request.content))
        return response
