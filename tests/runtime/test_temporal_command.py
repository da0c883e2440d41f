"""Which `temporal` command is taken, and what is said where none will do."""

from pathlib import Path

import pytest

from runtime import temporal_command
from runtime.temporal_command import TemporalCommandError, find_temporal

GOOD = "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"
OLD = "temporal version 1.8.3 (Server 1.31.2, UI 2.50.0)"


def command(directory: Path, says: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / "temporal"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_the_command_on_path_comes_before_the_wheels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = command(tmp_path, GOOD)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_temporal().path == path


def test_without_one_on_path_the_wheels_command_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_temporal()
    assert found.path.name == "temporal"
    assert "Server 1." in found.version


@pytest.mark.parametrize("says", [OLD, "temporal version 0.0.0-DEV", "tempo, a metronome"])
def test_a_command_that_cannot_skip_time_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str
) -> None:
    path = command(tmp_path, says)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_temporal().path != path


@pytest.mark.parametrize(
    "says",
    [
        "temporal version 1.9.0 (Server 1.32.0, UI 2.54.1)",
        "temporal version 1.9.4-time-skipping (Server 1.33.0-157.0, UI 2.55.0)",
        "temporal version 1.10.0 (Server 1.40.0, UI 3.0.0)",
    ],
)
def test_later_versions_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str) -> None:
    path = command(tmp_path, says)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_temporal().path == path


def test_where_none_will_do_each_that_was_found_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = command(tmp_path, OLD)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(temporal_command, "_WHEEL", "no-such-distribution")
    with pytest.raises(TemporalCommandError) as told:
        find_temporal()
    assert f"{path} ({OLD})" in str(told.value)
    assert "version 1.9.0 with server 1.32.0" in str(told.value)
    assert "TEMPORAL_ADDRESS" in str(told.value)
