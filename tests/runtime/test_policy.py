from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adapters.holidays import holiday_dates
from runtime.policy import load_policy
from sop.errors import PolicyError
from sop.policy import Policy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def load(path: Path | None, now: datetime = NOON) -> Policy:
    return load_policy(path, now, holiday_dates)


def refused(path: Path, now: datetime = NOON) -> str:
    with pytest.raises(PolicyError) as refusal:
        load(path, now)
    (mistake,) = refusal.value.mistakes
    return mistake


def test_without_a_path_the_policy_that_comes_along_is_loaded() -> None:
    policy = load(None)

    assert policy.version == "2026.1"
    assert policy.case.rung("complaint") is not None


def test_a_file_is_loaded_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(shipped().replace('"2026.1"', '"own"'))

    assert load(path).version == "own"


def test_a_policy_is_not_in_force_before_its_date(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(shipped().replace("effective_from = 2026-01-01", "effective_from = 2026-11-24"))

    assert refused(path) == (
        "line 6: effective_from: policy 2026.1 takes effect on 2026-11-24, and today is "
        "2026-11-23; run with the policy that is in force until then"
    )
    midnight_in_berlin = datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert load(path, midnight_in_berlin).effective_from == date(2026, 11, 24)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"

    assert refused(missing) == f"{missing}: cannot be read: No such file or directory"
    assert refused(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b'version = "1"\ncompany = "Caf\xe9"\n')

    assert refused(path) == f"line 2: {path} is not text in UTF-8"


def test_a_wrong_file_is_refused_with_all_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(shipped().replace('"12h"', "12h").replace("attempts = 3", "attempts = 0"))

    with pytest.raises(PolicyError) as refusal:
        load(path)
    assert [mistake.split(": ")[1] for mistake in refusal.value.mistakes] == [
        "escalation[2].after",
        "follow_up.attempts",
        "handoff.escalation[1].after",
    ]


def shipped() -> str:
    return (Path(__file__).parents[2] / "sop" / "policy.toml").read_text()
