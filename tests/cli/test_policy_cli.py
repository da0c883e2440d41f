import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from sop.policy import Policy

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "sop" / "policy.toml"


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})


def policy_with(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = SHIPPED.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return str(path)


def test_a_policy_in_order_is_one_line_and_exit_0(runner: CliRunner) -> None:
    result = runner.invoke(app, ["policy", "check", str(SHIPPED)])

    assert result.exit_code == 0
    assert result.stdout.startswith(
        "policy 2026.1 is in order: 6 rungs, effective from 2026-01-01, SHA-256 "
    )
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


def test_a_policy_with_slow_clocks_and_a_later_date_is_in_order_with_warnings(
    runner: CliRunner, tmp_path: Path
) -> None:
    path = policy_with(
        tmp_path,
        ('after = "12h"', 'after = "12h"\ncalendar = "office"'),
        ("effective_from = 2026-01-01", "effective_from = 9000-01-01"),
    )
    result = runner.invoke(app, ["policy", "check", path])

    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()[1:]] == ["warning"] * 2
    assert "INQ-6.3 sends complaints to quality_manager within 12h" in result.stdout
    assert "it takes effect on 9000-01-01" in result.stdout


def test_a_wrong_policy_is_every_mistake_on_stderr_and_exit_1(
    runner: CliRunner, tmp_path: Path
) -> None:
    path = policy_with(tmp_path, ('"12h"', '"12 hours"'), ("attempts = 3", "attempts = 0"))
    result = runner.invoke(app, ["policy", "check", path])

    assert result.exit_code == 1
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert 'escalation[2].after: "12 hours" is not a duration' in first
    assert "follow_up.attempts: 0 must not be less than 1" in second


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_file_that_is_not_there_is_a_sentence_and_exit_1(
    runner: CliRunner, tmp_path: Path, command: str
) -> None:
    result = runner.invoke(app, ["policy", command, str(tmp_path / "none.toml")])

    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path / 'none.toml'}: cannot be read: No such file or directory\n"


def test_the_matrix_is_shown_with_a_row_for_each_rung(runner: CliRunner) -> None:
    result = runner.invoke(app, ["policy", "show"])

    assert result.exit_code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines()]
    matrix = {row[0]: row[1:] for row in rows if len(row) == 9}
    assert matrix["complaint"] == [
        "INQ-6.3",
        "complaint",
        "receipt",
        "12h",
        "always",
        "never",
        "at 75%",
        "quality manager, duty manager",
    ]
    assert matrix["technical"][:4] == ["INQ-6.2", "technical or complex", "receipt", "24h"]
    assert matrix["unresolved"][1:4] == ["every inquiry", "unresolved", "at once"]
    assert len(matrix) == 6
    rules = {row[0]: row[1] for row in rows if len(row) == 2}
    assert rules["policy"] == "2026.1, effective from 2026-01-01"
    assert rules["promise"] == "10d at most; warning: at 75%"
    assert set(rules) >= {"follow-up", "retention", "training", "review", "channels"}


def test_the_whole_policy_is_shown_as_json(runner: CliRunner) -> None:
    result = runner.invoke(app, ["policy", "show", "--json"])

    assert result.exit_code == 0
    policy = Policy.model_validate_json(result.stdout)
    assert json.loads(result.stdout)["retention"]["inquiry"] == 12
    assert policy.case.rung("complaint") is not None


def test_the_command_itself_ends_with_the_right_code(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from cli.main import main; main()", "policy", "check"]
    codes = {
        path: subprocess.run([*command, path], cwd=ROOT, capture_output=True, check=False)
        for path in (str(SHIPPED), policy_with(tmp_path, ("effective_from", "effective")))
    }

    assert [done.returncode for done in codes.values()] == [0, 1]
    assert all(b"Traceback" not in done.stderr for done in codes.values())
