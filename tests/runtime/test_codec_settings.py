"""The codec server's settings: exact origins, an audience of its own, a secret that is one."""

import pytest

from runtime.codec_settings import read_origins
from runtime.settings import SettingsError, load_settings

TOKENS = {
    "HANDRAIL_OIDC_ISSUER": "https://login.example/",
    "HANDRAIL_OIDC_AUDIENCE": "handrail",
    "HANDRAIL_OIDC_JWKS_URL": "https://login.example/keys",
}


@pytest.mark.parametrize(
    "origins",
    [
        "*", "null", "https://*.example", "https://ui.example/path", "ui.example", "ftp://ui.example",
        "https://user@ui.example", "https://ui.example,", "https://ui.example:x", "",
    ],
)  # fmt: skip
def test_what_is_no_exact_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    with pytest.raises(ValueError, match=r"address|origin"):
        read_origins(origins)
    if origins:  # an empty variable counts as none
        monkeypatch.setenv("HANDRAIL_CODEC_ORIGINS", origins)
        with pytest.raises(SettingsError, match="HANDRAIL_CODEC_ORIGINS"):
            load_settings()


def test_origins_are_written_as_browsers_write_them() -> None:
    said = "https://UI.example:443/, http://127.0.0.1:8233,http://[::1]:8233"
    assert read_origins(said) == (
        "https://ui.example", "http://127.0.0.1:8233", "http://[::1]:8233",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"HANDRAIL_CODEC_AUDIENCE": "handrail"}, "a name of its own"),
        ({"HANDRAIL_CODEC_AUDIENCE": "c", "HANDRAIL_OIDC_ISSUER": ""}, "HANDRAIL_OIDC_ISSUER"),
        ({"HANDRAIL_CODEC_SECRET": "short"}, "32 characters"),
        ({"HANDRAIL_CODEC_URL": "https://codec.example/path"}, "HANDRAIL_CODEC_URL"),
    ],
)
def test_what_would_open_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], told: str
) -> None:
    for name, value in (TOKENS | changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings()
    assert "short" not in str(refused.value)
