"""What deploy/ names exists: settings, commands; and it names nothing that it should not."""

import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from runtime.settings import PREFIX, Settings
from tests.deploy.files import DEPLOY, UNITS, compose, unit

FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}


def _commands() -> set[str]:
    """Return what follows the word `handrail` in the compose file, the units and the texts."""
    services = compose()["services"].values()
    named = {
        " ".join(service["command"]) for service in services if "handrail:" in service["image"]
    }
    for path in UNITS:
        named |= {
            line.partition("/bin/handrail ")[2] for line in unit(path)["Service"]["ExecStart"]
        }
    for path in FILES:
        named |= set(re.findall(r"(?:^|/| |`)handrail ([a-z][a-z -]+)", path.read_text()))
    return named - {""}


def _is_command(words: list[str]) -> bool:
    """Walk down from `handrail` by each word that is a command's name."""
    at = get_command(app)
    for word in words:
        if not isinstance(at, TyperGroup):
            return True  # the rest is the command's own arguments
        if word not in at.commands:
            return False
        at = at.commands[word]
    return not isinstance(at, TyperGroup)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", path.read_text()))
    assert {name.removesuffix("_FILE") if name not in KNOWN else name for name in named} <= KNOWN


def test_every_command_that_is_named_exists() -> None:
    commands = {name: shlex.split(name) for name in _commands()}
    assert {"api", "worker", "migrate", "bootstrap"} <= set(commands)
    assert [name for name, words in commands.items() if not _is_command(words)] == []


def _secrets(text: str) -> list[str]:
    """Return what is assigned to a name that sounds secret, unless it is a file or empty."""
    name = r"\w*(?:password|pwd|secret|token|api_key)"
    assigned = re.findall(rf"^[ \t-]*{name}[ \t]*[:=][ \t]*(\S.*)$", text, re.I | re.M)
    stated = re.findall(r"\bPASSWORD\s+'(?!%s').*", text, re.I)
    return stated + [value for value in assigned if not value.startswith(("{file: ", '"$'))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_no_file_holds_a_secret(path: Path) -> None:
    assert _secrets(path.read_text()) == []


@pytest.mark.parametrize("line", ["  POSTGRES_PWD: temporal", 'api_key = "a"', "PASSWORD 'a';"])
def test_a_secret_would_be_noticed(line: str) -> None:
    assert _secrets(f"first: line\n{line}\n") != []
