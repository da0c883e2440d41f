"""The key of customers' hashes: given, or made once in the state directory."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from runtime.identity_key import IdentityKeyError, identity_key
from runtime.secret_files import SecretFileError
from runtime.settings import Settings, SettingsError, load_settings

GIVEN = "0123456789abcdef0123456789abcdef"


def settings(state_dir: Path, **more: str) -> Settings:
    return Settings.model_validate({"state_dir": state_dir, **more})


def test_the_key_is_made_at_the_first_start_and_stays(tmp_path: Path) -> None:
    place = settings(tmp_path / "state")
    key = identity_key(place)
    assert len(key.get_secret_value()) == 43
    assert identity_key(place) == key
    file = tmp_path / "state" / "identity.key"
    assert file.read_text().strip() == key.get_secret_value()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["identity.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    place = settings(tmp_path / "state")
    with ThreadPoolExecutor(20) as threads:
        keys = list(threads.map(lambda _: identity_key(place).get_secret_value(), range(100)))
    assert len(set(keys)) == 1
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["identity.key"]


def test_a_key_that_is_given_counts_and_none_is_made(tmp_path: Path) -> None:
    place = settings(tmp_path / "state", identity_key=GIVEN)
    assert identity_key(place) == SecretStr(GIVEN)
    assert not (tmp_path / "state").exists()


def test_a_database_that_several_machines_use_needs_a_key_that_is_given(tmp_path: Path) -> None:
    shared = settings(tmp_path, database_url="postgresql://desk@db.example.com/handrail")
    with pytest.raises(IdentityKeyError, match="HANDRAIL_IDENTITY_KEY is not set"):
        identity_key(shared)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_told_and_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "identity.key"
    file.write_text("half a key")
    file.chmod(0o600)
    with pytest.raises(IdentityKeyError, match="damaged") as told:
        identity_key(settings(tmp_path))
    assert "half a key" not in str(told.value)
    assert file.read_text() == "half a key"
    file.write_bytes(b"\xff" * 40)
    with pytest.raises(SecretFileError, match="cannot be read"):
        identity_key(settings(tmp_path))


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretFileError, match="HANDRAIL_STATE_DIR"):
        identity_key(settings(tmp_path / "file" / "state"))


def test_the_key_comes_from_a_file_and_a_short_one_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text(GIVEN + "\n")
    monkeypatch.setenv("HANDRAIL_IDENTITY_KEY_FILE", str(tmp_path / "secret"))
    assert load_settings().identity_key == SecretStr(GIVEN)
    assert GIVEN not in repr(load_settings())
    (tmp_path / "secret").write_text("s3cret")
    with pytest.raises(SettingsError, match="a key has 32 characters or more") as told:
        load_settings()
    assert "HANDRAIL_IDENTITY_KEY" in str(told.value)
    assert "s3cret" not in str(told.value)
