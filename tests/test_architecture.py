"""The layer rules of pyproject.toml hold, and the tool that checks them does catch a breach."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint_imports(*, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as m; m()"]
    return subprocess.run(
        [*command, "--config", "pyproject.toml", "--no-cache"],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_layer_rule_holds() -> None:
    result = lint_imports(cwd=ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The packages, empty, under the project's own rules."""
    for package in (path.parent for path in ROOT.glob("*/__init__.py")):
        (tmp_path / package.name).mkdir()
        (tmp_path / package.name / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return tmp_path


def test_every_rule_catches_its_breach(skeleton: Path) -> None:
    (skeleton / "sop" / "ladder.py").write_text("import temporalio\nimport workflows\n")
    (skeleton / "workflows" / "inquiry.py").write_text("import adapters.crm\n")
    (skeleton / "adapters" / "crm.py").write_text("import runtime\n")
    result = lint_imports(cwd=skeleton)
    assert result.returncode == 1
    assert result.stdout.count(" BROKEN\n") == 5, result.stdout


def test_the_composing_module_of_the_api_may_import_adapters(skeleton: Path) -> None:
    (skeleton / "adapters" / "crm.py").touch()
    (skeleton / "api" / "app.py").write_text("import adapters.crm\n")
    assert lint_imports(cwd=skeleton).returncode == 0
    (skeleton / "api" / "routes.py").write_text("import adapters.crm\n")
    assert lint_imports(cwd=skeleton).returncode == 1
