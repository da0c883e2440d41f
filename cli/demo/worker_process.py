"""The demo's worker: what `handrail worker` runs, without the other commands' imports.

A process of its own, so that the demo can kill it in earnest.
"""

import asyncio

from runtime.logging import configure_logging
from runtime.process import run_and_leave
from runtime.settings import load_settings
from workers.main import run_worker


def _main() -> int:
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    return asyncio.run(run_worker(settings))


if __name__ == "__main__":
    run_and_leave(_main)
