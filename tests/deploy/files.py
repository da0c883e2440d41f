"""The files of deploy/, read for the tests beside this one."""

import json
import tomllib
from pathlib import Path
from typing import Any

import yaml

from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DRAIN_S = Settings.model_fields["graceful_shutdown"].default.total_seconds()


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Return a unit's sections; a key may stand more than once, so each has a list."""
    sections: dict[str, dict[str, list[str]]] = {}
    held: dict[str, list[str]] = {}
    for line in path.read_text().replace("\\\n", " ").splitlines():
        if line.startswith("["):
            held = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            held.setdefault(key, []).append(value)
    return sections


def dockerfile() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each with its arguments on one line."""
    text = (DEPLOY / "Dockerfile").read_text()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    pairs = (line.strip().partition(" ") for line in joined if line.strip())
    return [(name, " ".join(rest.split())) for name, _, rest in pairs]


def in_the_image(name: str) -> list[str]:
    """Return what an instruction says in the final stage."""
    instructions = dockerfile()
    last = max(index for index, (found, _) in enumerate(instructions) if found == "FROM")
    return [arguments for found, arguments in instructions[last:] if found == name]


def exec_form(arguments: str) -> list[str]:
    """Return the words of an instruction in exec form."""
    return list(json.loads(arguments[arguments.index("[") :]))
