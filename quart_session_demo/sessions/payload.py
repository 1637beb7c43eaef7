"""Decode the payload of a session cookie in bounded time and memory."""

import sys
import zlib
from collections.abc import Iterator
from typing import Any

from flask.json.tag import TaggedJSONSerializer
from itsdangerous import BadPayload

from quart_session_demo.sessions import base64url

#: In bytes. Compressed content can be a thousand times larger than the cookie.
MAX_PAYLOAD_SIZE = 32 * 1024
#: In levels.
MAX_NESTING = 100
#: Lists and dicts compress well and take long to decode.
MAX_CONTAINERS = 1000


class NotASessionCookie(ValueError):
    """Raised for a value that is not a session in a signed cookie, or is too large to inspect."""


class UnreadableContent(BadPayload):
    """Raised for a session that is too large or nested too deeply to be read."""


def nesting_levels(value: Any) -> Iterator[list[Any]]:
    """Yield the lists, tuples and dicts in a value, level by level, beginning with the value."""
    level = [value]
    while containers := [item for item in level if isinstance(item, dict | list | tuple)]:
        yield containers
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


def load_payload(part: str, serializer: TaggedJSONSerializer) -> tuple[dict[str, Any], int]:
    """Return the session in the first part of a cookie's value, and its size before compression.

    Args:
        part: The first part; it is compressed if it begins with a dot.
        serializer: The app's tagged JSON.

    Raises:
        NotASessionCookie: The part does not hold a session, or is too large.
    """
    try:
        data = decode_part(part.encode(), MAX_PAYLOAD_SIZE)
        payload = serializer.loads(data.decode())
        if not isinstance(payload, dict):
            raise NotASessionCookie(f'Its content is a {type(payload).__name__}, not a session.')
        containers = 0
        for depth, level in enumerate(nesting_levels(payload), 1):
            containers += len(level)
            if depth > MAX_NESTING:
                raise RecursionError
            if containers > MAX_CONTAINERS:
                raise NotASessionCookie(
                    f'It holds more than {MAX_CONTAINERS} lists and dicts, too many to inspect.'
                )
    except NotASessionCookie:
        raise
    except UnreadableContent:
        raise NotASessionCookie(
            f'Its content is larger than {MAX_PAYLOAD_SIZE} bytes, too large to inspect.'
        ) from None
    except RecursionError:
        raise NotASessionCookie(
            f'Its content is nested deeper than {MAX_NESTING} levels, too deeply to inspect.'
        ) from None
    # As in itsdangerous: a JSON tag may raise any error for a value that it did not make.
    except Exception:
        raise NotASessionCookie('Its first part is not a session in JSON and base64.') from None
    return payload, len(data)


def decode_part(part: bytes, max_size: int | None) -> bytes:
    """Return the content of the first part of a cookie's value, and use no more memory than that.

    Args:
        part: The first part; it is compressed if it begins with a dot.
        max_size: The largest size of the content, in bytes; None for no limit.

    Raises:
        UnreadableContent: The content is larger.
        BadPayload: The compressed content is truncated.
        Exception: The part is not base64, or not compressed.
    """
    limit = sys.maxsize - 1 if max_size is None else min(max_size, sys.maxsize - 1)
    data = base64url.decode(part.removeprefix(b'.'))
    if part.startswith(b'.'):
        decompressor = zlib.decompressobj()
        data = decompressor.decompress(data, limit + 1)
        if len(data) <= limit and not decompressor.eof:
            raise BadPayload('The compressed content is truncated.')
    if len(data) > limit:
        raise UnreadableContent(f'its content is larger than {limit} bytes')
    return data
