"""What is shipped is whole, and what is installed is locked."""

import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)( ; .+)? \\$", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    return {name: version for name, version, _ in PIN.findall(lock.read_text())}


def test_the_wheel_holds_every_file_of_every_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("[!.]*.*"))
    names = (path.relative_to(ROOT) for path in files if path.suffix != ".pyc")
    expected = {str(name) for name in names if not any(p.startswith(".") for p in name.parts)}
    assert held == expected


def test_every_requirement_is_locked_at_a_version_that_it_allows() -> None:
    locked = pins(ROOT / "requirements.lock")
    for line in PYPROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        assert locked[requirement.name] in requirement.specifier, f"{line}: run `make lock`"


def test_the_tests_run_with_the_versions_that_users_get() -> None:
    development = pins(ROOT / "requirements-dev.lock")
    for lock in LOCKS:
        assert pins(lock).items() <= development.items(), lock.name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_hashes_and_no_index(lock: Path) -> None:
    for line in lock.read_text().splitlines():
        assert not re.search(r"://|(?<!-)--(?!hash=sha256:)\w", line), line


def test_an_old_python_is_refused_with_a_sentence(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for lock in (*LOCKS, ROOT / "pyproject.toml"):
        (tmp_path / lock.name).touch()
    refused = subprocess.run(
        [str(shutil.which("make")), "PYTHON=false", "demo"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert refused.returncode != 0
    assert "Handrail needs Python 3.11 or later" in refused.stderr
    assert "make PYTHON=/path/to/python3.12 demo" in refused.stderr
