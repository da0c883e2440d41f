"""The demo's codec server: what `handrail codec` runs, without the other commands' imports."""

import asyncio

from cli.codec import serve_codec
from runtime.logging import configure_logging
from runtime.process import run_and_leave
from runtime.settings import load_settings


def _main() -> int:
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    asyncio.run(serve_codec(settings))
    return 0


if __name__ == "__main__":
    run_and_leave(_main)
