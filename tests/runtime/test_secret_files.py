"""Secrets as files: made once and whole, for one user, and refused where others could read them."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.secret_files import (
    SecretFile,
    SecretFileError,
    make_private_directory,
    make_private_file,
)
from tests.processes import run


def secret(path: Path) -> SecretFile:
    return SecretFile(path, otherwise="name another directory.")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    file = secret(tmp_path / "state" / "a.key")
    assert file.obtain(lambda: "first") == "first"
    assert file.obtain(lambda: "second") == "first"
    assert mode(file.path) == 0o600
    assert mode(file.path.parent) == 0o700


def test_of_many_that_start_at_once_all_get_one_secret_and_no_draft_stays(tmp_path: Path) -> None:
    file = secret(tmp_path / "state" / "a.key")
    with ThreadPoolExecutor(20) as threads:
        got = set(threads.map(lambda number: file.obtain(lambda: f"secret-{number}"), range(100)))
    assert len(got) == 1
    assert [path.name for path in file.path.parent.iterdir()] == ["a.key"]


def test_readers_find_the_old_secret_or_the_new_one_and_nothing_between(tmp_path: Path) -> None:
    file = secret(tmp_path / "a.key")
    long = {letter * 100_000 for letter in "abcdefgh"}
    file.obtain(lambda: "a" * 100_000)
    with ThreadPoolExecutor(4) as threads:
        reading = [threads.submit(lambda: {file.read() for _ in range(200)}) for _ in range(3)]
        for text in sorted(long) * 10:
            file.replace(text)
    assert set().union(*(read.result() for read in reading)) <= long
    assert mode(file.path) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_secret_that_others_can_reach_is_refused_until_it_is_closed(
    tmp_path: Path, open_to: int
) -> None:
    file = secret(tmp_path / "a.key")
    file.obtain(lambda: "s3cret")
    file.path.chmod(open_to)
    with pytest.raises(SecretFileError, match=f"mode {open_to:03o}.*chmod 600") as told:
        file.obtain(lambda: "another")
    assert "s3cret" not in str(told.value)
    file.path.chmod(0o600)
    assert file.read() == "s3cret"


def test_a_directory_into_which_others_may_write_takes_no_secret(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(SecretFileError, match=r"mode 777.*HANDRAIL_STATE_DIR"):
        secret(shared / "a.key").obtain(lambda: "s3cret")
    assert list(shared.iterdir()) == []


def test_what_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretFileError, match=r"cannot be made.*name another directory"):
        secret(tmp_path / "file" / "a.key").obtain(lambda: "s3cret")


def test_what_is_not_a_secrets_text_is_told_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(SecretFileError, match=r"cannot be read .UnicodeDecodeError.") as told:
        secret(path).read()
    assert "xff" not in str(told.value)


def test_a_file_that_was_left_open_is_closed_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    path.write_text("rows")
    path.chmod(0o644)
    make_private_file(path)
    assert (mode(path), path.read_text()) == (0o600, "rows")
    make_private_directory(tmp_path)


async def test_whatever_a_command_writes_is_its_users_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    before = os.umask(0o000)  # as lax as a shell can be
    try:
        ended = await run("migrate", HANDRAIL_STATE_DIR=str(state))
    finally:
        os.umask(before)
    assert ended.code == 0, ended.err
    made = {path.name: mode(path) for path in state.iterdir()}
    assert "handrail.db" in made
    assert set(made.values()) == {0o600}
    assert mode(state) == 0o700
