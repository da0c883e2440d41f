"""Known vulnerabilities fail the build, unreachable advisories do not, and the bill is whole."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.keepers import free_port
from tests.supply_chain import LOCKS, ROOT, audit, bill_of_materials, judge

HOLE = {
    "id": "PYSEC-2026-1",
    "summary": "a hole",
    "details": "a hole",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


@contextmanager
def advisories(vulnerable: str) -> Iterator[str]:
    """A source of advisories that knows of one vulnerable package: as OSV's interface has it."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            holes = [HOLE] if asked["package"]["name"] == vulnerable else []
            body = json.dumps({"vulns": holes} if holes else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()
        serving.join()


@pytest.fixture
def cache(tmp_path: Path) -> tuple[str, ...]:
    """Answers of other runs do not count."""
    return ("--cache-dir", str(tmp_path), "--vulnerability-service", "osv", "--osv-url")


def test_a_known_vulnerability_fails_and_is_named(cache: tuple[str, ...]) -> None:
    with advisories("jinja2") as url:
        verdict = audit(*cache, url)
    assert verdict.code == 1
    assert re.search(r"jinja2 [0-9.]+: PYSEC-2026-1, mended in 99\.0", verdict.sentence)


def test_without_a_known_vulnerability_every_locked_package_was_asked_for(
    cache: tuple[str, ...],
) -> None:
    with advisories("no-package-of-ours") as url:
        verdict = audit(*cache, url)
    pins = [
        Requirement(line)
        for lock in LOCKS
        for line in re.findall(r"^([a-z0-9-]+==.+) \\$", (ROOT / lock).read_text(), re.MULTILINE)
    ]
    locked = {pin.name for pin in pins if pin.marker is None or pin.marker.evaluate()}
    assert (verdict.code, verdict.sentence.partition(" ")[0]) == (0, str(len(locked)))


def test_advisories_that_cannot_be_reached_are_said_to_be_so_and_fail_nothing(
    cache: tuple[str, ...],
) -> None:
    verdict = audit(*cache, f"http://127.0.0.1:{free_port()}/v1/query")
    assert verdict.code == 0
    assert verdict.sentence.startswith("NOT AUDITED")


def test_packages_that_nobody_knows_are_not_taken_for_sound() -> None:
    unknown = {"name": "a", "skip_reason": "not found"}
    sound = {"name": "b", "version": "1", "vulns": []}
    assert judge({"dependencies": [unknown]}).sentence.startswith("NOT AUDITED")
    assert "NOT AUDITED: ['a']" in judge({"dependencies": [unknown, sound]}).sentence
    assert judge({"dependencies": [sound]}).sentence == "1 packages without known vulnerabilities."


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    bill_of_materials(first)
    bill_of_materials(second)
    assert first.read_bytes() == second.read_bytes()
    bill = json.loads(first.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "handrail"
    lock = (ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    named = {canonicalize_name(part["name"]): part["version"] for part in bill["components"]}
    assert named == locked
    hashed = re.findall(r"--hash=sha256:([0-9a-f]{64})", lock)
    assert {digest for digest in hashed if digest not in first.read_text()} == set()
