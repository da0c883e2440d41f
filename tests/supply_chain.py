"""What Handrail is made of: known vulnerabilities (`make audit`) and the bill of materials.

Where the advisories cannot be reached nothing is known, and that is what is said: `pip-audit`
itself ends well when it has found none of the packages.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
LOCKS = ("requirements-aws.lock", "requirements-build.lock")
"""All that users may install: the first holds what `requirements.lock` holds, and the extra."""

WITHIN_S = 240


@dataclass(frozen=True)
class Verdict:
    """What an audit says; `code` is what the command ends with."""

    code: int
    sentence: str


def audit(*more: str) -> Verdict:
    """Ask for the known vulnerabilities of every locked package.

    Args:
        more: Further arguments of `pip-audit`, such as another source of advisories.
    """
    command = [
        str(BIN / "pip-audit"), "--disable-pip", "--require-hashes", "--format", "json",
        "--progress-spinner", "off", *(word for lock in LOCKS for word in ("-r", lock)), *more,
    ]  # fmt: skip
    try:
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WITHIN_S
        )
    except subprocess.TimeoutExpired:
        return Verdict(0, f"NOT AUDITED: the advisories did not answer within {WITHIN_S} s.")
    try:
        report = json.loads(ended.stdout)
    except ValueError:
        return _without_a_report(ended)
    return judge(report)


def judge(report: Mapping[str, Any]) -> Verdict:
    """Say what a report of `pip-audit` means."""
    packages: Sequence[Mapping[str, Any]] = report["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version yet'}"
        for package in known
        for hole in package["vulns"]
    ]
    if found:
        return Verdict(1, "\n".join(["Known vulnerabilities:", *found]))
    if not known:
        return Verdict(0, "NOT AUDITED: no advisories of any package are to be had here.")
    if len(known) < len(packages):
        missing = sorted(package["name"] for package in packages if package not in known)
        return Verdict(
            0, f"{len(known)} packages without known vulnerabilities; NOT AUDITED: {missing}"
        )
    return Verdict(0, f"{len(known)} packages without known vulnerabilities.")


def bill_of_materials(target: Path) -> None:
    """Write the bill of materials of what users install, CycloneDX 1.6, checked by its schema.

    The same lock gives the same bytes.

    Raises:
        subprocess.CalledProcessError: It could not be made, or is not valid.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [
        str(BIN / "cyclonedx-py"), "requirements", "--pyproject", "pyproject.toml",
        "--output-reproducible", "--spec-version", "1.6", "--output-format", "JSON", "--validate",
        "--output-file", str(target.absolute()), "requirements.lock",
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _without_a_report(ended: subprocess.CompletedProcess[str]) -> Verdict:
    said = ended.stderr.strip().splitlines()[-1:] or ["pip-audit said nothing"]
    unreachable = ("connect", "ServiceError", "Timeout", "resolve", "unreachable")
    if any(word in ended.stderr for word in unreachable):
        return Verdict(0, f"NOT AUDITED: the advisories cannot be reached here ({said[0][:200]}).")
    return Verdict(1, f"The locks cannot be audited: {said[0]}")


def main(what: str) -> int:
    """Do what the command line asks; return the code to end with."""
    if what == "sbom":
        target = ROOT / "build" / "sbom.cdx.json"
        bill_of_materials(target)
        print(f"{target.relative_to(ROOT)} is written.")
        return 0
    verdict = audit()
    print(verdict.sentence)
    return verdict.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
