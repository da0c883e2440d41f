"""AWS KMS, as moto's server plays it: what its answers mean, and how an alias is followed."""

from contextlib import closing
from typing import Any

import pytest

from activities.key_ports import KeysUnavailableError, TamperedError
from adapters.cloud_kms import KmsWrapper, open_client
from adapters.key_wrapping import PlainKey, WrappedKey
from adapters.wrappers import open_wrapper
from tests.keepers import REGION, new_kms_key

KEY = PlainKey("k1|inquiry-1|history", bytes(range(32)))


def test_an_alias_may_move_and_what_the_former_key_wrapped_still_opens(kms_url: str) -> None:
    first, second, alias = new_kms_key(kms_url), new_kms_key(kms_url), "alias/handrail-moves"
    client: Any = open_client(REGION, kms_url)
    with closing(KmsWrapper(alias, client)) as before:
        client.create_alias(AliasName=alias, TargetKeyId=first)
        (old,) = before.wrap([KEY])
        client.update_alias(AliasName=alias, TargetKeyId=second)
        with closing(KmsWrapper(alias, open_client(REGION, kms_url))) as after:
            (new,) = after.wrap([KEY])
            assert (old.version, new.version) == (f"aws-kms:{first}:0", f"aws-kms:{second}:0")
            assert after.unwrap([old, new]) == (KEY, KEY)


def test_a_key_that_is_not_there_is_an_outage_and_no_alarm(kms_url: str) -> None:
    missing = new_kms_key(kms_url)[:-4] + "0000"
    with (
        closing(KmsWrapper(missing, open_client(REGION, kms_url))) as wrapper,
        pytest.raises(KeysUnavailableError, match="NotFoundException"),
    ):
        wrapper.wrap([KEY])


@pytest.mark.parametrize("version", ["vault:3", "local:1", "aws-kms:", "aws-kms:x"])
def test_a_key_that_another_keeper_wrapped_is_not_sent_to_kms(kms_url: str, version: str) -> None:
    with (
        closing(KmsWrapper("alias/any", open_client(REGION, kms_url))) as wrapper,
        pytest.raises(TamperedError),
    ):
        wrapper.unwrap([WrappedKey(KEY.name, "AAAA", version)])


def test_the_place_in_the_settings_leads_to_the_key_and_its_region(
    kms_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", kms_url)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    arn = new_kms_key(kms_url)
    with closing(open_wrapper(f"aws-kms:{arn}")) as wrapper:
        (wrapped,) = wrapper.wrap([KEY])
        assert wrapped.version.startswith(f"aws-kms:{arn}:")
        assert wrapper.unwrap([wrapped]) == (KEY,)


def test_without_credentials_nothing_is_wrapped(
    kms_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = new_kms_key(kms_url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with (
        closing(KmsWrapper(arn, open_client(REGION, kms_url))) as wrapper,
        pytest.raises(KeysUnavailableError, match="NoCredentialsError"),
    ):
        wrapper.wrap([KEY])
