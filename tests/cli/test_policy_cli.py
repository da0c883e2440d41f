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
POLICIES = ROOT / "tests" / "sop" / "policies"


Rows = dict[str, list[str]]
"""The rows of a matrix, by the rung's name."""


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


def test_a_policy_in_order_is_one_line_with_its_warnings_below_and_exit_0(
    runner: CliRunner,
) -> None:
    result = runner.invoke(app, ["policy", "check", str(SHIPPED)])

    assert result.exit_code == 0
    assert result.stdout.startswith(
        "policy 2026.1 is in order: 13 rungs, effective from 2026-01-01, SHA-256 "
    )
    _, warning = result.stdout.splitlines()
    assert warning.startswith("warning: the security question is accepted: HOF-4.1.2 names it")
    assert result.stderr == ""


def test_a_policy_that_needs_no_warning_is_one_line(runner: CliRunner) -> None:
    result = runner.invoke(app, ["policy", "check", str(POLICIES / "company.toml")])

    assert result.exit_code == 0
    assert result.stdout.startswith("policy 2026.2 is in order: 11 rungs, effective from ")
    assert result.stdout.count("\n") == 1


@pytest.mark.clause("HOF-8")
def test_a_policy_of_0_1_0_is_in_order(runner: CliRunner) -> None:
    result = runner.invoke(app, ["policy", "check", str(POLICIES / "0.1.0.toml")])

    assert result.exit_code == 0
    assert result.stdout.startswith("policy 2026.1 is in order: 6 rungs, effective from ")
    assert result.stdout.count("\n") == 1


def test_a_policy_with_slow_clocks_and_a_later_date_is_in_order_with_warnings(
    runner: CliRunner, tmp_path: Path
) -> None:
    path = policy_with(
        tmp_path,
        ('after = "12h"\nwarn_at', 'after = "12h"\ncalendar = "office"\nwarn_at'),
        ("security_question = true", "security_question = false"),
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
    path = policy_with(
        tmp_path, ('"12h"\nwarn', '"12 hours"\nwarn'), ("attempts = 3", "attempts = 0")
    )
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


def shown(runner: CliRunner, *arguments: str) -> tuple[dict[str, Rows], dict[str, str]]:
    """Return the matrices by their titles, and the other rules by their names."""
    result = runner.invoke(app, ["policy", "show", *arguments])
    assert result.exit_code == 0
    matrices: dict[str, Rows] = {}
    rules: dict[str, str] = {}
    title = ""
    for line in result.stdout.splitlines():
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        if line.strip().startswith("Escalation of "):
            title = line.strip()
            matrices[title] = {}
        elif len(cells) == 2:
            rules[cells[0]] = cells[1]
        elif cells and cells[0]:
            matrices[title][cells[0]] = cells[1:]
    return matrices, rules


def test_the_matrix_is_shown_with_a_row_for_each_rung(runner: CliRunner) -> None:
    matrices, rules = shown(runner)
    matrix = matrices["Escalation of inquiries"]
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
    assert len(matrix) == 7
    assert rules["policy"] == "2026.1, effective from 2026-01-01"
    assert rules["promise"] == "10d at most; warning: at 75%"
    assert set(rules) >= {"follow-up", "retention", "training", "review", "channels"}


@pytest.mark.clause("HOF-4.1.4", "HOF-4.2.5", "HOF-6.2", "HOF-6.3")
def test_each_procedure_has_its_own_matrix(runner: CliRunner) -> None:
    matrices, _ = shown(runner)

    assert {title: list(matrix) for title, matrix in list(matrices.items())[1:]} == {
        "Escalation of handoffs": ["discrepancy", "acknowledgement", "returned"],
        "Escalation of incidents": ["breach"],
        "Escalation of reviews, reminders and audits": ["duty_overdue"],
        "Escalation of privacy requests": ["privacy_deadline"],
    }
    assert matrices["Escalation of handoffs"]["acknowledgement"] == [
        "HOF-4.2.5",
        "transfer",
        "12h",
        "always",
        "none",
        "team leader, duty manager",
    ]


def test_the_rules_of_the_handoff_procedure_are_shown_in_words(runner: CliRunner) -> None:
    _, rules = shown(runner, str(POLICIES / "company.toml"))

    assert rules["identification"] == "one of passport, national card, and one of account number"
    assert rules["attempts"] == (
        "3 in a case; within 24h 5 for a customer, 50 by a representative; then a supervisor "
        "decides"
    )
    assert rules["identity"] == "counts for 1h; a supervisor's approval is used within 10m"
    assert rules["handoff"] == "by crm, courier, encrypted email only; couriers: dhl, ups"
    assert rules["custody"] == (
        "the receiving party is reminded every 4h; unacknowledged, it returns to the sender "
        "after 24h"
    )
    assert rules["incident"] == "the regulator is told within 3d; warning: at 50%, 90%"
    assert rules["audit"] == (
        "5 closed cases a month, by the quality manager; to be done within 14d"
    )
    assert rules["course"] == "handoffs: for the steps of HOF; csr, receiving party"


@pytest.mark.clause("INQ-8.2")
def test_a_course_that_was_revised_says_since_when(runner: CliRunner, tmp_path: Path) -> None:
    course = 'course = "identification_and_handoff"'
    path = policy_with(tmp_path, (course, f"{course}\nrevised_on = 2026-06-01"))
    _, rules = shown(runner, path)

    assert rules["course"].startswith("identification_and_handoff: for the steps of HOF; csr, ")
    assert rules["course"].endswith("receiving party; anew if before 2026-06-01")


def test_what_a_policy_does_not_have_is_said(runner: CliRunner) -> None:
    matrices, rules = shown(runner, str(POLICIES / "0.1.0.toml"))

    assert list(matrices) == ["Escalation of inquiries"]
    for name in ("identification", "handoff", "incident", "audit"):
        assert rules[name] == f"none: the file has no [{name}]"


def test_a_name_is_shown_as_it_is_written(runner: CliRunner, tmp_path: Path) -> None:
    path = policy_with(tmp_path, ('company = "Example Company"', 'company = "Acme [/] [b]North"'))
    _, rules = shown(runner, path)

    assert rules["desk"] == "Customer Service, Acme [/] [b]North, Europe/Berlin"


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
