"""No secret has a default, and none stands in what is shipped or written about it."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from runtime.settings import Settings

ROOT = Path(__file__).parent.parent
# Tests hold made-up secrets, and locks hold hashes: neither is looked at. Nor is what an operator
# has put into place here, which no copy of the project holds (deploy/.gitignore).
_PLACES = (
    "sop", "workflows", "activities", "adapters", "runtime", "workers", "api", "cli", "deploy",
    "docs", ".ci", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile",
    "pyproject.toml",
)  # fmt: skip
_LEFT_OUT = re.compile(
    r"__pycache__|\.png$|^deploy/(\.env|policy\.toml)$|^deploy/secrets/.*(?<!\.example)$"
)


def _shipped() -> list[str]:
    files = (
        file
        for place in _PLACES
        for file in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    )
    names = (str(file.relative_to(ROOT)) for file in files if file.is_file())
    return sorted(name for name in names if not _LEFT_OUT.search(name))


SHIPPED = _shipped()

_NAME = r"[\w.-]*(?:password|passwd|pwd|secret|token|api[_-]?key|credential|kek)[\w.-]*"
_WORTH = r"['\"]?(?P<value>[A-Za-z0-9+/_=-]{20,})['\"]?"
PATTERNS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of OpenBao or Vault": re.compile(r"\b[hs]v?[sb]?\.[A-Za-z0-9_-]{24,}"),
    "a key of the API": re.compile(r"\bhr_[0-9a-f]{12}_[A-Za-z0-9_-]{43}"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"),
    "a password in an address": re.compile(r"://[^\s/:@'\"{}$<>`]+:[^\s/@'\"{}$<>`]+@"),
    "256 bits of chance": re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"),
    "a value for a secret's name": re.compile(
        rf"(?i)\b{_NAME}\s*[:=]\s*{_WORTH}\s*(?:#.*)?$", re.M
    ),
}
# Words of the code that only look like a value: names, paths and calls are no chance.
_CHANCE = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])")


def found_in(text: str) -> list[str]:
    """Return what a text holds that should be a file which nobody else reads."""
    return [
        what
        for what, pattern in PATTERNS.items()
        for match in pattern.finditer(text)
        if "value" not in pattern.groupindex or _CHANCE.match(match["value"])
    ]


def test_a_secret_has_no_default() -> None:
    secret = {
        name: field
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert {"database_password", "identity_key", "vault_token", "checkpoint_key"} <= set(secret)
    for name, field in secret.items():
        assert field.default is None or field.default is PydanticUndefined, name
        assert field.default_factory is None, name


def test_a_setting_that_sounds_secret_is_kept_as_a_secret() -> None:
    sounding = re.compile(r"(password|secret|token|_key)$")
    for name, field in Settings.model_fields.items():
        if sounding.search(name):
            assert "SecretStr" in str(field.annotation), name


@pytest.mark.parametrize("name", SHIPPED)
def test_no_file_that_is_shipped_holds_a_secret(name: str) -> None:
    try:
        text = (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        pytest.fail(f"{name} is no text: leave it out above, with the reason")
    assert found_in(text) == []


def test_the_scan_reads_what_matters() -> None:
    assert {"deploy/compose.yaml", "docs/operations.md", "runtime/settings.py"} <= set(SHIPPED)
    assert not any(name.startswith("tests/") for name in SHIPPED)


@pytest.mark.parametrize(
    "line",
    [
        "curl -H 'Authorization: Bearer hr_0123456789ab_" + "aB3-_" * 9 + "'",
        "-----BEGIN EC PRIVATE KEY-----",
        "aws_access_key_id = AKIAABCDEFGHIJKLMNOP",
        "HANDRAIL_VAULT_TOKEN=hvs.CAESIJlU2pKX0w3v1v2v3v4v5v6v7v8v9",
        "export HANDRAIL_DATABASE_URL=postgresql://desk:rose@db.example.com/handrail",
        "key: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        'identity_token = "Zm9vYmFyYmF6MTIzNDU2Nzg5MA"',
        "password: aB3dE6gH9jK2mN5pQ8sT1vW4",
    ],
)
def test_the_scan_finds_a_secret(line: str) -> None:
    assert found_in(f"first: line\n{line}\nlast: line\n") != []
