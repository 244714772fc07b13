"""The wire: events and commands as msgpack frames, each behind its length."""

import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from gradscope.core.commands import Command
from gradscope.core.events import Event

T = TypeVar("T")

_LENGTH = struct.Struct("<I")
_FRAME_LIMIT = 1 << 30

_encoder = msgspec.msgpack.Encoder()


class WireError(Exception):
    """Bytes that no gradscope of this version has sent."""


def encode(message: Event | Command) -> bytes:
    """Return the message as one frame: a 32-bit little-endian length, then msgpack."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def encode_body(message: Event | Command) -> bytes:
    """Return the message as msgpack without a length, for a place that keeps its own."""
    return _encoder.encode(message)


class Decoder(Generic[T]):
    """Turns a stream of bytes back into messages, whatever the pieces it comes in."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """Yield each message that ``data`` completes.

        Raises:
            WireError: A frame is longer than a gigabyte, or is not a message.
        """
        self._pending += data
        while len(self._pending) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._pending)
            if length > _FRAME_LIMIT:
                raise WireError(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(self._pending) < end:
                return
            try:
                with memoryview(self._pending) as whole, whole[_LENGTH.size : end] as body:
                    message = self.decode_body(body)
            finally:
                del self._pending[:end]
            yield message

    def decode_body(self, body: bytes | memoryview) -> T:
        """Return the message that ``encode_body`` made into ``body``.

        Raises:
            WireError: ``body`` is not such a message.
        """
        try:
            return self._decoder.decode(body)
        except msgspec.DecodeError as error:
            raise WireError(str(error)) from error


def event_decoder() -> Decoder[Event]:
    """Return a decoder of what a child sends."""
    return Decoder(Event)  # type: ignore[arg-type]  # a union is no type to mypy


def command_decoder() -> Decoder[Command]:
    """Return a decoder of what a parent sends."""
    return Decoder(Command)  # type: ignore[arg-type]  # a union is no type to mypy
