"""The data converter: pydantic's, with a codec that knows its case, and cheap to tie to one.

The SDK ties a converter to its workflow for each payload, and builds all its parts anew for it.
That cost a worker 7 % of its time; here only the codec differs between two cases.
"""

from typing import Self

from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    SerializationContext,
)

from runtime.codec import CaseCodec


class OnePydanticConverter(PydanticPayloadConverter):
    """Pydantic's converter, of which a process has one: what it learned of a type, it keeps."""

    _only: "OnePydanticConverter | None" = None

    def __new__(cls) -> "OnePydanticConverter":
        """Return the process's converter; the first call makes it."""
        if OnePydanticConverter._only is None:
            made = super().__new__(cls)
            PydanticPayloadConverter.__init__(made)
            OnePydanticConverter._only = made
        return OnePydanticConverter._only

    def __init__(self) -> None:
        """Do nothing: it was made before."""


class CaseConverter(DataConverter):
    """Converts by pydantic, and seals by a codec: no other part depends on the case."""

    @classmethod
    def sealing_by(cls, codec: CaseCodec) -> Self:
        """Return the converter that a codec's payloads go through; failures are sealed whole."""
        return cls(
            payload_converter_class=OnePydanticConverter,
            payload_codec=codec,
            failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        )

    def with_context(self, context: SerializationContext) -> Self:
        """Return the converter of one operation."""
        codec = self.payload_codec
        if not isinstance(codec, CaseCodec):
            return super().with_context(context)
        tied = codec.with_context(context)
        if tied is codec:
            return self
        converter = object.__new__(type(self))
        converter.__dict__.update(self.__dict__, payload_codec=tied)
        return converter
