"""The systemd units: understood by systemd, confined, restarted, and stopped without a loss."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.files import DRAIN_S, UNITS, unit

HANDRAIL = [path for path in UNITS if path.stem != "handrail-temporal"]
BIN = "/usr/local/lib/handrail/bin"
EXPOSED_TENTHS = 15  # of 100; what systemd itself calls OK begins below 50


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    """The command that reads units as systemd does. CI must have it; other machines may not."""
    found = shutil.which("systemd-analyze")
    if found is None and os.environ.get("CI"):
        pytest.fail("systemd-analyze is missing in CI: let .ci/run install the systemd package")
    if found is None:
        pytest.skip("systemd-analyze is not on this machine (Debian: apt-get install systemd)")
    return found


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """The units with commands that exist, so that nothing but the units can be wrong."""
    for command in ("handrail", "temporal"):
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace(BIN, str(tmp_path)))
    return [tmp_path / path.name for path in UNITS]


def test_systemd_understands_every_line_of_every_unit(
    systemd_analyze: str, installed: list[Path]
) -> None:
    read = subprocess.run(
        [systemd_analyze, "verify", "--man=no", *installed],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # A misspelt key is a line here and no failure.
    assert (read.returncode, read.stdout, read.stderr) == (0, "", "")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_hardly_exposed(systemd_analyze: str, path: Path) -> None:
    judged = subprocess.run(
        [systemd_analyze, "security", "--offline=true", f"--threshold={EXPOSED_TENTHS}", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout


def test_every_unit_is_confined_alike() -> None:
    def confinement(path: Path) -> str:
        return path.read_text().partition("# What the process may not do")[2].partition("[")[0]

    assert len({confinement(path) for path in UNITS}) == 1
    assert "ProtectSystem=strict" in confinement(UNITS[0])


@pytest.mark.parametrize("path", HANDRAIL, ids=lambda path: path.stem)
def test_a_unit_reads_its_secrets_from_files_that_only_it_is_given(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["DynamicUser"] == ["yes"]
    given = {line.partition(":")[0] for line in service["LoadCredential"]}
    read = {line.partition("=%d/")[2] for line in service["Environment"] if "=%d/" in line}
    read |= set(
        re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w.-]+)", " ".join(service["ExecStart"]))
    )
    own = {
        "handrail-api": {"identity-key"},
        "handrail-worker": {"checkpoint-key"},
        "handrail-migrate": {"owner-password"},
    }
    assert given == read == {"database-password", "temporal.toml"} | own.get(path.stem, set())
    assert service["StateDirectoryMode"] == ["0700"]


def test_only_the_migration_is_the_owner_of_the_tables() -> None:
    owners = {path.stem for path in HANDRAIL if "owner" in path.read_text()}
    assert owners == {"handrail-migrate"}
    (path,) = (path for path in HANDRAIL if path.stem == "handrail-migrate")
    migrate, bootstrap = unit(path)["Service"]["ExecStart"]
    assert "HANDRAIL_DATABASE_URL=${DEPLOY_OWNER_DATABASE_URL}" in migrate
    assert migrate.endswith("migrate --app-role handrail")
    assert bootstrap.endswith("handrail bootstrap")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_not_killed_while_its_work_drains(path: Path) -> None:
    (stop,) = unit(path)["Service"]["TimeoutStopSec"]
    assert int(stop) >= DRAIN_S + 10


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_comes_back_however_often_it_failed(path: Path) -> None:
    read = unit(path)
    assert read["Unit"]["StartLimitIntervalSec"] == ["0"]
    oneshot = read["Service"]["Type"] == ["oneshot"]
    assert read["Service"]["Restart"] == ["on-failure" if oneshot else "always"]


@pytest.mark.parametrize("name", ["handrail-worker", "handrail-api", "handrail-codec"])
def test_the_worker_and_the_api_start_after_the_schema_but_outlive_its_failure(name: str) -> None:
    (path,) = (path for path in UNITS if path.stem == name)
    read = unit(path)["Unit"]
    assert "handrail-migrate.service" in read["After"][0]
    assert "handrail-migrate.service" in read["Wants"][0]
    # Required, a failed migration at boot would leave them dead until somebody comes.
    assert "Requires" not in read


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_leaves_its_process_what_it_cannot_start_without(path: Path) -> None:
    service = unit(path)["Service"]
    # The worker of Temporal's SDK asks how much memory there is, which this would hide.
    assert "ProcSubset" not in service
    if "handrail-temporal" in path.name:
        # The server's user stands in no passwd file, where it would look for its home.
        assert "HOME=%S/handrail-temporal" in service["Environment"]
