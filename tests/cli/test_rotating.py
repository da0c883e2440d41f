"""`handrail keys init`, `rotate` and `status`, as an operator types them."""

import json
import re
from pathlib import Path

import pytest

from adapters.keyring import open_keyring
from sop.keys import RecordClass
from tests.keepers import ROOT_TOKEN, OpenBao, free_port
from tests.processes import run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An embedded desk of its own, with nothing in it."""
    for name in ("HANDRAIL_KEY_DATABASE_URL", "HANDRAIL_KEY_ENCRYPTION"):
        monkeypatch.delenv(name)
    return {"HANDRAIL_STATE_DIR": str(tmp_path / "state")}


def use_keys(place: dict[str, str], key_encryption: str = "") -> None:
    """Make three keys, as a case does."""
    state = Path(place["HANDRAIL_STATE_DIR"])
    ring = open_keyring(
        f"sqlite:///{state / 'keys.db'}", key_encryption or f"local:{state / 'kek.json'}"
    )
    ring.obtain("inquiry-1", {RecordClass.HISTORY})
    ring.close()


async def test_a_rotation_wraps_every_key_anew_and_says_so(place: dict[str, str]) -> None:
    assert (await run("migrate", **place)).code == 0
    use_keys(place)
    before = await run("keys", "status", **place)
    assert re.search(r"local:1-[0-9a-f]{8} +│ 3 +│ wraps new keys", before.out), before.out
    rotated = await run("keys", "rotate", **place)
    assert rotated.code == 0, rotated.err
    assert "3 keys are to be wrapped anew" in rotated.err
    assert re.search(r"3 keys are wrapped with local:2-[0-9a-f]{8}", rotated.err)
    assert rotated.out == ""
    after = await run("keys", "status", **place)
    assert re.search(r"local:2-[0-9a-f]{8} +│ 3 +│ wraps new keys", after.out)
    assert "local:1" not in after.out
    kept = json.loads((Path(place["HANDRAIL_STATE_DIR"]) / "kek.json").read_text())
    assert all(key not in rotated.err + after.out for key in kept["keys"].values())


async def test_an_interrupted_rotation_makes_no_further_version(place: dict[str, str]) -> None:
    await run("migrate", **place)
    use_keys(place)
    assert (await run("keys", "rotate", **place)).code == 0
    again = await run("keys", "rotate", "--only-rewrap", **place)
    assert again.code == 0
    assert "local:2" in again.err
    assert "0 keys are to be wrapped anew" in again.err


async def test_before_the_key_store_is_made_its_operator_is_told(place: dict[str, str]) -> None:
    ended = await run("keys", "status", **place)
    assert ended.code == 1
    assert "handrail migrate" in ended.err


async def test_a_file_is_made_once(place: dict[str, str], tmp_path: Path) -> None:
    shared = place | {"HANDRAIL_KEY_ENCRYPTION": f"local:{tmp_path / 'keys' / 'kek.json'}"}
    made = await run("keys", "init", **shared)
    assert made.code == 0, made.err
    assert (tmp_path / "keys" / "kek.json").stat().st_mode & 0o777 == 0o600
    again = await run("keys", "init", **shared)
    assert again.code == 1
    assert "is there already" in again.err


async def test_a_key_in_openbao_is_rotated_by_the_same_command(
    place: dict[str, str], bao: OpenBao, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(ROOT_TOKEN)
    token.chmod(0o600)
    where = place | {
        "HANDRAIL_KEY_ENCRYPTION": f"vault+{bao.address}/transit/{bao.new_key()}",
        "HANDRAIL_VAULT_TOKEN_FILE": str(token),
    }
    assert (await run("migrate", **where)).code == 0
    rotated = await run("keys", "rotate", **where)
    assert rotated.code == 0, rotated.err
    assert "vault:2 wraps new keys" in rotated.err


async def test_a_keeper_that_is_away_is_told_with_what_to_do(place: dict[str, str]) -> None:
    where = place | {
        "HANDRAIL_KEY_ENCRYPTION": f"vault+http://127.0.0.1:{free_port()}/transit/handrail",
        "HANDRAIL_VAULT_TOKEN": "s3cret-token",
    }
    await run("migrate", **where)
    ended = await run("keys", "status", **where)
    assert ended.code == 1
    assert "HANDRAIL_KEY_ENCRYPTION" in ended.err
    assert "Traceback" not in ended.err
    assert "s3cret" not in ended.err
