"""OpenBao's transit engine, a real one: what its answers mean, and what is asked of it."""

import base64
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from httpx2 import HTTPStatusError

from activities.key_ports import KeyEncryption, KeysUnavailableError, TamperedError
from adapters.key_wrapping import PlainKey
from adapters.transit import TokenFile, TransitWrapper
from adapters.wrappers import open_wrapper
from tests.keepers import ROOT_TOKEN, OpenBao, openbao

KEY = PlainKey("k1|inquiry-1|history", bytes(range(32)))


@pytest.fixture
def own_bao(tmp_path: Path) -> Iterator[OpenBao]:
    """A server that a test may seal or end."""
    with openbao(tmp_path) as server:
        yield server


def test_a_key_that_does_not_exist_is_not_made_by_wrapping_with_it(bao: OpenBao) -> None:
    with (
        closing(bao.open("misspelt")) as wrapper,
        pytest.raises(KeysUnavailableError, match="no-such-key"),
    ):
        wrapper.wrap([KEY])
    with pytest.raises(HTTPStatusError):
        bao.call("GET", "transit/keys/misspelt")


@pytest.mark.parametrize(
    ("kind", "more"), [("rsa-2048", {}), ("ecdsa-p256", {}), ("aes256-gcm96", {"derived": True})]
)
def test_a_key_that_would_not_bind_names_is_refused(
    bao: OpenBao, kind: str, more: dict[str, object]
) -> None:
    with (
        closing(bao.open(bao.new_key(kind, **more))) as wrapper,
        pytest.raises(KeysUnavailableError, match="key-type"),
    ):
        wrapper.wrap([KEY])


def test_the_rights_that_the_documents_name_suffice_and_rotating_needs_another(
    bao: OpenBao,
) -> None:
    key = bao.new_key()
    process = bao.token_for(
        f'path "transit/keys/{key}" {{ capabilities = ["read"] }}',
        f'path "transit/encrypt/{key}" {{ capabilities = ["update"] }}',
        f'path "transit/decrypt/{key}" {{ capabilities = ["update"] }}',
    )
    with closing(bao.open(key, lambda: process)) as wrapper:
        assert wrapper.unwrap(wrapper.wrap([KEY])) == (KEY,)
        with pytest.raises(KeysUnavailableError, match="permission-denied"):
            wrapper.rotate()


def test_a_token_that_was_renewed_is_read_from_its_file(bao: OpenBao, tmp_path: Path) -> None:
    key, file = bao.new_key(), tmp_path / "token"
    file.write_text("not-yet\n")
    with closing(bao.open(key, TokenFile(file))) as wrapper:
        with pytest.raises(KeysUnavailableError, match="permission-denied"):
            wrapper.current_version()
        file.write_text(f"{ROOT_TOKEN}\n")
        assert wrapper.current_version() == "vault:1"
        file.unlink()
        with pytest.raises(KeysUnavailableError, match="token-file-unreadable"):
            wrapper.current_version()


def test_a_token_that_is_renewed_while_it_is_refused_is_tried_at_once(bao: OpenBao) -> None:
    tokens = iter(["expired", ROOT_TOKEN])
    with closing(bao.open(bao.new_key(), lambda: next(tokens))) as wrapper:
        assert wrapper.current_version() == "vault:1"


def test_a_sealed_or_dead_server_is_an_outage_and_comes_back(own_bao: OpenBao) -> None:
    with closing(own_bao.open(own_bao.new_key())) as wrapper:
        (wrapped,) = wrapper.wrap([KEY])
        own_bao.call("PUT", "sys/seal")
        with pytest.raises(KeysUnavailableError, match="status-503"):
            wrapper.unwrap([wrapped])
        own_bao.process.kill()
        own_bao.process.wait()
        with pytest.raises(KeysUnavailableError):
            wrapper.unwrap([wrapped])


def test_a_version_that_is_no_longer_allowed_is_not_told_as_altered(bao: OpenBao) -> None:
    key = bao.new_key()
    with closing(bao.open(key)) as wrapper:
        (old,) = wrapper.wrap([KEY])
        wrapper.rotate()
        bao.call("POST", f"transit/keys/{key}/config", {"min_decryption_version": 2})
        with pytest.raises(KeysUnavailableError, match="version-no-longer-allowed"):
            wrapper.unwrap([old])


def test_a_version_that_the_server_does_not_have_is_told_as_altered(bao: OpenBao) -> None:
    with closing(bao.open(bao.new_key())) as wrapper:
        (wrapped,) = wrapper.wrap([KEY])
        forged = wrapped.wrapped.replace("vault:v1:", "vault:v7:")
        with pytest.raises(TamperedError):
            wrapper.unwrap([replace(wrapped, wrapped=forged)])


def test_the_place_in_the_settings_leads_to_the_key(bao: OpenBao, tmp_path: Path) -> None:
    key, file = bao.new_key(), tmp_path / "token"
    file.write_text(ROOT_TOKEN)
    place = f"vault+{bao.address}/transit/{key}"
    for given in (KeyEncryption(place, token_file=file), KeyEncryption(place, token=ROOT_TOKEN)):
        with closing(open_wrapper(given)) as wrapper:
            assert isinstance(wrapper, TransitWrapper)
            (wrapped,) = wrapper.wrap([KEY])
            assert wrapped.version == "vault:1"
            assert wrapper.unwrap([wrapped]) == (KEY,)
        assert ROOT_TOKEN not in repr(given)
    with pytest.raises(ValueError, match="needs a token"):
        open_wrapper(place)


def test_the_server_sees_the_name_and_binds_it(bao: OpenBao) -> None:
    """The name goes along as associated data, so that the server itself refuses another."""
    key = bao.new_key()
    with closing(bao.open(key)) as wrapper:
        (wrapped,) = wrapper.wrap([KEY])
    asked = {
        "ciphertext": wrapped.wrapped,
        "associated_data": base64.b64encode(KEY.name.encode()).decode(),
    }
    opened = bao.call("POST", f"transit/decrypt/{key}", asked)
    assert base64.b64decode(opened["data"]["plaintext"]) == KEY.material
    with pytest.raises(HTTPStatusError):
        bao.call("POST", f"transit/decrypt/{key}", {"ciphertext": wrapped.wrapped})
