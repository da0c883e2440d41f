"""Where the key-encryption key is: by default, by the settings, and what is refused."""

import stat
from pathlib import Path

import pytest

from adapters.wrappers import open_wrapper
from runtime.key_place import KeyPlaceError, key_encryption, new_local_file
from runtime.secret_files import SecretFileError
from runtime.settings import Settings, SettingsError, load_settings

SHARED = "postgresql://desk@db.example.com/handrail"
TRANSIT = "vault+https://vault.example.com:8200/transit/handrail"


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the key store that the tests share."""
    for name in ("HANDRAIL_KEY_DATABASE_URL", "HANDRAIL_KEY_ENCRYPTION"):
        monkeypatch.delenv(name, raising=False)


def settings(state_dir: Path, **more: str) -> Settings:
    return Settings.model_validate({"state_dir": state_dir, **more})


def test_an_embedded_desk_makes_its_own_at_the_first_start(tmp_path: Path) -> None:
    place = settings(tmp_path / "state")
    first = open_wrapper(key_encryption(place)).current_version()
    assert open_wrapper(key_encryption(place)).current_version() == first
    file = tmp_path / "state" / "kek.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["kek.json"]


def test_a_database_that_several_machines_use_needs_a_place_that_is_given(tmp_path: Path) -> None:
    with pytest.raises(KeyPlaceError, match="HANDRAIL_KEY_ENCRYPTION is not set"):
        key_encryption(settings(tmp_path, database_url=SHARED))
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_lacks_the_shared_file_does_not_make_another_one(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "kek.json"
    place = settings(tmp_path, database_url=SHARED, key_encryption=f"local:{file}")
    with pytest.raises(KeyPlaceError, match="handrail keys init"):
        key_encryption(place)
    assert not file.parent.exists()
    assert new_local_file(place) == file
    open_wrapper(f"local:{file}")
    assert key_encryption(place).place == f"local:{file}"
    with pytest.raises(KeyPlaceError, match="is there already"):
        new_local_file(place)


def test_a_file_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    place = settings(tmp_path)
    open_wrapper(key_encryption(place))
    (tmp_path / "kek.json").chmod(0o644)
    with pytest.raises(SecretFileError, match=r"mode 644.*chmod 600"):
        key_encryption(place)


def test_only_a_file_is_made_by_hand(tmp_path: Path) -> None:
    place = settings(tmp_path, key_encryption=TRANSIT, vault_token="t" * 20)
    with pytest.raises(KeyPlaceError, match="names no local:FILE"):
        new_local_file(place)


def test_the_token_file_is_named_and_not_read_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_KEY_ENCRYPTION", TRANSIT)
    monkeypatch.setenv("HANDRAIL_VAULT_TOKEN_FILE", "token")
    given = key_encryption(load_settings())
    assert (given.place, given.token_file) == (TRANSIT, tmp_path / "token")
    monkeypatch.delenv("HANDRAIL_VAULT_TOKEN_FILE")
    monkeypatch.setenv("HANDRAIL_VAULT_TOKEN", "s3cret-token")
    assert key_encryption(load_settings()).token == "s3cret-token"
    assert "s3cret-token" not in repr(load_settings())
    assert "s3cret-token" not in repr(key_encryption(load_settings()))


def test_a_key_in_openbao_needs_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_KEY_ENCRYPTION", TRANSIT)
    with pytest.raises(SettingsError, match="HANDRAIL_VAULT_TOKEN_FILE"):
        load_settings()
    monkeypatch.setenv("HANDRAIL_VAULT_TOKEN", "one")
    monkeypatch.setenv("HANDRAIL_VAULT_TOKEN_FILE", "another")
    with pytest.raises(SettingsError, match="HANDRAIL_VAULT_TOKEN_FILE"):
        load_settings()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("keys.json", "neither local:FILE nor"),
        ("local:", "neither local:FILE nor"),
        ("aws-kms:", "neither local:FILE nor"),
        ("vault+https://vault.example.com/handrail", "HOST:PORT/MOUNT/KEY"),
        ("vault+https:///transit/handrail", "HOST:PORT/MOUNT/KEY"),
        ("vault+http://vault.example.com/transit/handrail", "https:// only"),
        ("vault+https://me:s3cret@vault.example.com/transit/k", "HANDRAIL_VAULT_TOKEN_FILE"),
    ],
)
def test_a_place_that_cannot_be_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.setenv("HANDRAIL_KEY_ENCRYPTION", place)
    monkeypatch.setenv("HANDRAIL_VAULT_TOKEN", "token")
    with pytest.raises(SettingsError, match=told) as error:
        load_settings()
    assert "HANDRAIL_KEY_ENCRYPTION" in str(error.value)
    assert "s3cret" not in str(error.value)
