"""What is shown of a record whose key was destroyed: that there was something, and no more."""

from collections.abc import Mapping
from types import MappingProxyType

ERASED = "[erased]"
"""Stands where a text stood."""

ERASED_PARTICULARS: Mapping[str, str] = MappingProxyType({"particulars": ERASED})
"""Stands where the particulars of a journal entry stood."""
