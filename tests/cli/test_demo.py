"""`handrail demo`, run as its users run it: as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.demo.complaints import read_complaints
from runtime.run_file import find_running
from sop.messages import InquiryOpening
from sop.models import Channel

ROOT = Path(__file__).parents[2]
CASES = 12

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Run:
    code: int
    summary: Any
    told: str


BY_HAND = ()
IN_THE_BACKGROUND = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
"""A shell without job control lets what it starts with `&` ignore Ctrl-C."""


def start(
    state_dir: Path, *arguments: str, started: tuple[str, ...] = BY_HAND
) -> subprocess.Popen[str]:
    command = (sys.executable, "-c", "from cli.main import main; main()", "demo")
    return subprocess.Popen(
        [*started, *command, "--state-dir", str(state_dir), "--port", "0", *arguments],
        cwd=ROOT,
        env=os.environ | {"HANDRAIL_STATE_DIR": str(state_dir / "unused")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(state_dir: Path, *arguments: str) -> Run:
    process = start(state_dir, "--once", *arguments)
    said, told = process.communicate()
    return Run(process.returncode, json.loads(said), told)


def processes_of(told: str) -> list[int]:
    return [int(number) for number in re.findall(r"as process (\d+)", told)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(state_dir: Path) -> Run:
    return run(state_dir, "--cases", str(CASES))


@pytest.fixture(scope="module")
def second(state_dir: Path, first: Run) -> Run:
    return run(state_dir, "--cases", str(CASES))


def test_the_demo_works_cases_to_their_end_and_says_so_as_json(first: Run) -> None:
    assert (first.code, first.summary["ok"], first.summary["reasons"]) == (0, True, [])
    cases = first.summary["cases"]
    assert cases["opened"] >= cases["sent"] == CASES
    assert cases["found"] == 0
    assert cases["closed"] == cases["closed_in_crm"] > 0
    assert first.summary["journal_entries"] > cases["in_crm"]


@pytest.mark.clause("INQ-4.5.1")
def test_what_the_api_accepted_is_in_the_crm_once_although_the_worker_was_killed(
    first: Run,
) -> None:
    assert first.summary["worker_kills"] == 1
    assert first.summary["accepted"] > CASES
    assert first.summary["mismatches"] == 0


@pytest.mark.clause("INQ-6.1", "INQ-6.2", "INQ-6.3")
def test_the_demo_shows_every_rung_of_the_matrix_on_time(first: Run) -> None:
    escalations = first.summary["escalations"]
    assert escalations.keys() >= {"complaint", "technical", "unresolved"}
    causes = {fired["cause"] for fired in escalations["unresolved"]}
    assert causes == {"promise broken", "dissatisfied at follow-up"}
    for fired in (one for rung in escalations.values() for one in rung):
        assert datetime.fromisoformat(fired["fired"]) >= datetime.fromisoformat(fired["due"])
        assert fired["pages"] >= 1


def test_a_second_run_finds_the_cases_of_the_first_and_plays_with_others(
    first: Run, second: Run
) -> None:
    assert (second.code, second.summary["reasons"]) == (0, [])
    cases = second.summary["cases"]
    assert cases["found"] == CASES
    assert cases["in_crm"] == first.summary["cases"]["in_crm"] + cases["opened"]
    assert cases["closed"] > 0
    assert second.summary["accepted"] > first.summary["accepted"]
    assert second.summary["mismatches"] == 0


def test_the_key_that_logs_in_is_for_its_owners_eyes(first: Run, state_dir: Path) -> None:
    key = state_dir / "login.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().strip() not in first.told


def test_nothing_runs_on_after_the_demo(state_dir: Path, first: Run, second: Run) -> None:
    started = processes_of(first.told) + processes_of(second.told)
    assert len(started) == 2 * 4  # worker, API, codec server, the worker after the killed one
    assert not [pid for pid in started if is_alive(pid)]
    assert find_running(state_dir) is None


@pytest.mark.parametrize(
    ("started", "ended_by"),
    [(BY_HAND, signal.SIGINT), (IN_THE_BACKGROUND, signal.SIGTERM)],
    ids=["by Ctrl-C", "in the background, by kill"],
)
def test_an_interrupted_demo_stops_everything_and_ends_with_130(
    tmp_path: Path, started: tuple[str, ...], ended_by: signal.Signals
) -> None:
    process = start(tmp_path, "--cases", "1", started=started)
    assert process.stdout is not None
    told = ""
    while "worker started" not in told:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told += line
    process.send_signal(ended_by)
    rest, _ = process.communicate()
    assert process.returncode == 130, rest
    assert len(processes_of(told)) == 3
    assert not [pid for pid in processes_of(told) if is_alive(pid)]
    assert find_running(tmp_path) is None


def test_a_demo_that_cannot_keep_its_state_says_what_to_do_and_ends_with_1(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a directory")
    refused = run(occupied)
    assert refused.code == 1
    assert refused.summary["ok"] is False
    assert "--state-dir" in refused.summary["reasons"][0]


@pytest.mark.clause("INQ-2", "INQ-4.2.1", "INQ-4.2.2")
def test_the_complaints_become_inquiries_of_several_kinds() -> None:
    complaints = read_complaints()
    openings = [InquiryOpening.model_validate(one.opening()) for one in complaints]
    assert len({one.complaint_id for one in complaints}) == 145
    assert {opening.channel for opening in openings} == {
        Channel.PHONE,
        Channel.EMAIL,
        Channel.CHAT,
    }
    kinds = {opening.classification.category for opening in openings if opening.classification}
    assert kinds == {"complaint", "technical", "billing", "product"}
    assert {one.priority for one in complaints} == {"urgent", "standard", "low"}
    assert sum(one.category == "complaint" for one in complaints) > len(complaints) / 2
    pairs = zip(complaints, openings, strict=True)
    assert all(one.narrative in opening.text for one, opening in pairs)
