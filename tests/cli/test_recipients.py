"""`handrail recipients`: an operator puts certificates on file, lists and revokes them."""

from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from adapters.database import Database
from adapters.recipient_keys import RecipientKeys
from cli.main import app
from runtime.errors import OperatorError
from tests.certificates import ADDRESS, Holder, holder, rsa_key
from tests.keyrings import shared_keyring


class Place:
    """A fresh installation."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {"HANDRAIL_STATE_DIR": str(directory / "state")}
        assert self.run("migrate")[0] == 0

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command in this process; return code, output and errors."""
        ended = CliRunner().invoke(app, arguments, env=self.environment)
        if ended.exception is not None:
            assert isinstance(ended.exception, OperatorError), ended.exception
        return ended.exit_code, ended.stdout, ended.stderr or str(ended.exception or "")

    def file(self, text: str) -> str:
        """Return the path of a file with a text."""
        path = self.directory / "certificate.pem"
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def party() -> Holder:
    return holder()


@pytest.mark.clause("HOF-4.2.4")
def test_a_certificate_is_added_listed_replaced_and_revoked(place: Place, party: Holder) -> None:
    code, out, said = place.run("recipients", "add", "archive", place.file(party.pem))
    fingerprint = party.certificate.fingerprint(SHA256()).hex()
    assert (code, out) == (0, "")
    assert ADDRESS in said
    assert fingerprint.upper() in said.replace(":", "")
    assert fingerprint in place.run("recipients", "list")[1]
    newer = place.file(holder(key=rsa_key(number=2)).pem)
    assert place.run("recipients", "add", "archive", newer, "--by", "lena")[0] == 0
    listed = place.run("recipients", "list")[1]
    assert "replaced" in listed
    assert "lena" in listed
    assert place.run("recipients", "revoke", "archive")[0] == 0
    assert place.run("recipients", "list")[1].count("revoked") == 2
    url = f"sqlite:///{place.environment['HANDRAIL_STATE_DIR']}/handrail.db"
    with closing(Database(url, keyring=shared_keyring())) as database:
        assert not RecipientKeys(database).has_key("archive")


@pytest.mark.clause("HOF-4.2.4")
def test_what_cannot_be_used_is_refused_with_what_to_do(place: Place, party: Holder) -> None:
    add = ("recipients", "add")
    assert "no X.509" in place.run(*add, "archive", place.file("x"))[2]
    assert "name a certificate in PEM" in place.run(*add, "archive", "missing.pem")[2]
    assert "name a certificate in PEM" in place.run(*add, "archive", place.file("ä"))[2]
    assert "such as `archive`" in place.run(*add, "The Archive", place.file(party.pem))[2]
    other = (*add, "archive", place.file(party.pem), "--address", "other@partner.example")
    code, _, said = place.run(*other)
    assert code == 1
    assert "another e-mail address" in said
    assert "recipients list" in place.run("recipients", "revoke", "archive")[2]


@pytest.mark.clause("HOF-5.2")
def test_a_private_key_is_refused(place: Place, party: Holder) -> None:
    secret = party.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    said = place.run("recipients", "add", "archive", place.file(secret))[2]
    assert "private key" in said
