"""Which version of Handrail this is."""

from importlib.metadata import PackageNotFoundError, version


def handrail_version() -> str:
    """Return the installed version; `unknown` where the sources run without an installation."""
    try:
        return version("handrail")
    except PackageNotFoundError:
        return "unknown"
