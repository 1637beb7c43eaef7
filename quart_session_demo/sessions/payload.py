"""Decode the payload of a session cookie in bounded time and memory."""

import zlib
from collections.abc import Iterator
from typing import Any

from flask.json.tag import TaggedJSONSerializer
from itsdangerous.encoding import base64_decode

#: In bytes. Compressed content can be a thousand times larger than the cookie.
MAX_PAYLOAD_SIZE = 32 * 1024
#: In levels.
MAX_NESTING = 100
#: Lists and dicts compress well and take long to decode.
MAX_CONTAINERS = 1000


class NotASessionCookie(ValueError):
    """Raised for a value that is not a session in a signed cookie, or is too large to inspect."""


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


def load_payload(part: str, serializer: TaggedJSONSerializer) -> dict[str, Any]:
    """Return the session in the first part of a cookie's value.

    Args:
        part: The first part; it is compressed if it begins with a dot.
        serializer: The app's tagged JSON.

    Raises:
        NotASessionCookie: The part does not hold a session, or is too large.
    """
    try:
        payload = serializer.loads(_decode_part(part))
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
    except RecursionError:
        raise NotASessionCookie(
            f'Its content is nested deeper than {MAX_NESTING} levels, too deeply to inspect.'
        ) from None
    # As in itsdangerous: a JSON tag may raise any error for a value that it did not make.
    except Exception:
        raise NotASessionCookie('Its first part is not a session in JSON and base64.') from None
    return payload


def _decode_part(part: str) -> str:
    data = base64_decode(part.removeprefix('.'))
    if part.startswith('.'):
        decompressor = zlib.decompressobj()
        data = decompressor.decompress(data, MAX_PAYLOAD_SIZE + 1)
        if len(data) <= MAX_PAYLOAD_SIZE and not decompressor.eof:
            raise NotASessionCookie('Its compressed content is truncated.')
    if len(data) > MAX_PAYLOAD_SIZE:
        raise NotASessionCookie(
            f'Its content is larger than {MAX_PAYLOAD_SIZE} bytes, too large to inspect.'
        )
    return data.decode()
