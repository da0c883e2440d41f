"""Whatever keeps the key-encryption key, data keys are wrapped alike: one set of tests for all."""

import base64
import logging
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from activities.key_ports import KeysUnavailableError, TamperedError
from adapters.key_wrapping import KeyWrapper, PlainKey, WrappedKey
from adapters.transit import BATCH
from tests.keepers import ROOT_TOKEN, Keeper, OpenBao


def plain(name: str = "k1|inquiry-1|history") -> PlainKey:
    return PlainKey(name, secrets.token_bytes(32))


def wrapped_by(wrapper: KeyWrapper, key: PlainKey) -> WrappedKey:
    (wrapped,) = wrapper.wrap([key])
    return wrapped


def damaged(wrapped: str) -> str:
    """Flip one bit in the last bytes of what follows a version's prefix."""
    prefix, colon, text = wrapped.rpartition(":")
    raw = bytearray(base64.b64decode(text))
    raw[-3] ^= 1
    return prefix + colon + base64.b64encode(raw).decode()


def test_what_was_wrapped_opens_again_also_in_another_process(keeper: Keeper) -> None:
    keys = [plain(f"key-{number}|inquiry-{number}|history") for number in range(20)]
    wrapped = keeper.open().wrap(keys)
    assert [key.name for key in wrapped] == [key.name for key in keys]
    assert keeper.open().unwrap(wrapped) == tuple(keys)
    assert keeper.open().unwrap(wrapped[::-1]) == tuple(keys[::-1])


def test_nothing_is_wrapped_into_nothing(keeper: Keeper) -> None:
    wrapper = keeper.open()
    assert (wrapper.wrap([]), wrapper.unwrap([])) == ((), ())


def test_more_keys_than_one_request_takes_keep_their_order(bao: OpenBao) -> None:
    keys = [plain(f"key-{number}|inquiry-{number}|history") for number in range(2 * BATCH + 1)]
    with closing(bao.open(bao.new_key())) as wrapper:
        assert wrapper.unwrap(wrapper.wrap(keys)) == tuple(keys)


def test_a_wrapped_key_says_which_version_wrapped_it(keeper: Keeper) -> None:
    wrapper = keeper.open()
    assert wrapped_by(wrapper, plain()).version == wrapper.current_version()


def test_a_wrapped_key_does_not_open_under_another_name(keeper: Keeper) -> None:
    wrapper = keeper.open()
    theirs, ours = wrapper.wrap([plain("k1|inquiry-1|history"), plain("k2|inquiry-2|history")])
    with pytest.raises(TamperedError):
        wrapper.unwrap([replace(theirs, name=ours.name)])
    with pytest.raises(TamperedError):
        wrapper.unwrap([ours, replace(ours, wrapped=theirs.wrapped)])
    assert wrapper.unwrap([theirs, ours])


@pytest.mark.parametrize("how", ["damaged", "cut", "empty", "no base64"])
def test_an_altered_key_is_told_as_altered(keeper: Keeper, how: str) -> None:
    wrapper = keeper.open()
    wrapped = wrapped_by(wrapper, plain())
    prefix, colon, text = wrapped.wrapped.rpartition(":")
    altered = {
        "damaged": damaged(wrapped.wrapped),
        "cut": prefix + colon + text[:8],
        "empty": "",
        "no base64": prefix + colon + "ä" + text[1:],
    }
    with pytest.raises(TamperedError):
        wrapper.unwrap([replace(wrapped, wrapped=altered[how])])


def test_one_altered_key_among_many_is_not_overlooked(keeper: Keeper) -> None:
    wrapper = keeper.open()
    keys = list(wrapper.wrap([plain(f"k{number}|inquiry-1|history") for number in range(30)]))
    keys[17] = replace(keys[17], wrapped=damaged(keys[17].wrapped))
    with pytest.raises(TamperedError):
        wrapper.unwrap(keys)


def test_another_key_encryption_key_opens_nothing(keeper: Keeper) -> None:
    wrapped, another = wrapped_by(keeper.open(), plain()), keeper.open_another()
    # KMS itself names it IncorrectKey, its stand-in here an access that is denied.
    with pytest.raises((TamperedError, KeysUnavailableError)):
        another.unwrap([replace(wrapped, version=another.current_version())])


def test_old_versions_open_after_a_rotation_and_new_keys_get_the_new_one(keeper: Keeper) -> None:
    wrapper = keeper.open()
    first, key = wrapper.current_version(), plain()
    old = wrapped_by(wrapper, key)
    second = wrapper.rotate()
    new = wrapped_by(wrapper, key)
    assert second not in {first, old.version}
    assert (old.version, new.version) == (first, second)
    assert wrapper.unwrap([old, new]) == (key, key)
    assert wrapper.rotate() not in {first, second}
    assert wrapper.unwrap([old, new]) == (key, key)


def test_a_process_that_runs_goes_on_when_another_one_has_rotated(keeper: Keeper) -> None:
    running, key = keeper.open(), plain()
    old = wrapped_by(running, key)
    other = keeper.open()
    other.rotate()
    new = wrapped_by(other, key)
    assert running.unwrap([old, new]) == (key, key)
    assert other.unwrap([wrapped_by(running, key)]) == (key,)


def test_threads_share_a_wrapper_while_it_rotates(keeper: Keeper) -> None:
    wrapper, over = keeper.open(), threading.Event()

    def work(number: int) -> int:
        done = 0
        while not over.is_set() or not done:
            key = plain(f"k{number}|inquiry-{number}|history")
            assert wrapper.unwrap(wrapper.wrap([key])) == (key,)
            done += 1
        return done

    with ThreadPoolExecutor(4) as threads:
        working = [threads.submit(work, number) for number in range(4)]
        try:
            versions = [wrapper.rotate() for _ in range(5)]
        finally:
            over.set()
        assert all(result.result() for result in working)
    assert len(set(versions)) == 5


def test_a_keeper_that_is_away_is_an_outage_and_nothing_else(keeper: Keeper) -> None:
    key, away = plain(), keeper.open_away()
    wrapped = wrapped_by(keeper.open(), key)
    for ask in (
        lambda: away.wrap([key]),
        lambda: away.unwrap([wrapped]),
        away.current_version,
        away.rotate,
    ):
        with pytest.raises(KeysUnavailableError) as told:
            ask()
        assert told.value.retryable
        assert key.material.hex() not in str(told.value)


def test_no_secret_is_in_a_text_that_somebody_may_log(
    keeper: Keeper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrapper, key = keeper.open(), plain()
    (wrapped,) = wrapper.wrap([key])
    told = [repr(wrapper), repr(key), repr(wrapped)]
    for ask in (
        lambda: wrapper.unwrap([replace(wrapped, name="another|inquiry-2|history")]),
        lambda: keeper.open_away().wrap([key]),
    ):
        with pytest.raises((TamperedError, KeysUnavailableError)) as error:
            ask()
        told += [repr(error.value), str(error.value.__cause__)]
    said = " ".join([*told, caplog.text])
    encoded = base64.b64encode(key.material).decode()
    for secret in (key.material.hex(), encoded, repr(key.material), ROOT_TOKEN):
        assert secret not in said
