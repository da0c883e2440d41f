"""A process that used the SDK ends with the right code, and hides no failure."""

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.devserver import DevServer

ROOT = Path(__file__).parents[2]
COMMAND = """
import asyncio, sys
from runtime.errors import OperatorError
from runtime.process import run_and_leave
from runtime.temporal import NoKeys, connect

def main():
    client = asyncio.run(connect(NoKeys(), address=sys.argv[1]))
    print("connected")
    {end}

run_and_leave(main)
"""


def run(server: DevServer, end: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND.format(end=end), server.address],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("return 0", 0),
        ("return None", 0),
        ("return 3", 3),
        ("sys.exit(3)", 3),
        ("sys.exit()", 0),
        ("raise KeyboardInterrupt", 130),
    ],
)
def test_the_code_is_what_the_command_says(server: DevServer, end: str, code: int) -> None:
    ended = run(server, end)
    assert (ended.returncode, ended.stdout) == (code, "connected\n"), ended.stderr
    assert ended.stderr == ""


def test_what_the_operator_can_mend_is_told_in_a_sentence(server: DevServer) -> None:
    ended = run(server, "raise OperatorError('Set HANDRAIL_API_PORT.')")
    assert (ended.returncode, ended.stderr) == (1, "Set HANDRAIL_API_PORT.\n")


def test_an_exit_with_a_sentence_tells_it(server: DevServer) -> None:
    ended = run(server, "sys.exit('nothing to do')")
    assert (ended.returncode, ended.stderr) == (1, "nothing to do\n")


def test_a_failure_keeps_its_traceback(server: DevServer) -> None:
    ended = run(server, "raise ValueError('broken')")
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "ValueError: broken" in ended.stderr


def test_it_ends_well_every_time(server: DevServer) -> None:
    assert [run(server, "return 0").returncode for _ in range(5)] == [0] * 5


def test_a_reader_that_went_away_counts_as_a_failure(server: DevServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(end="return 0"), server.address],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as command:  # fmt: skip
        assert command.stdout is not None
        command.stdout.close()
        assert command.wait(timeout=60) == 1


@pytest.mark.parametrize(("body", "code"), [("assert True", 0), ("assert False", 1)])
def test_a_test_session_ends_with_its_own_code(tmp_path: Path, body: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_cmdline_main\n")
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", ROOT / "pyproject.toml", tmp_path],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended.stdout + ended.stderr
