"""A session as a Redis hash: the arguments of the scripts, and what Redis returns."""

from collections.abc import Sequence
from itertools import chain

from quart_session_demo.sessions.server.redis.scripts import CREATED, REFRESHED, TOMBSTONE
from quart_session_demo.sessions.server.store import (
    ATTRIBUTES,
    Fields,
    Names,
    StoredSession,
    StoreError,
)

#: What is read of a session without its content.
READ_NAMES = (
    CREATED,
    REFRESHED,
    TOMBSTONE,
    *ATTRIBUTES,
)


def create_args(fields: Fields, *, lifetime: int, now: int) -> list[bytes | int]:
    """Return the arguments of `WRITE` that create a session."""
    fields = fields | {CREATED: b'%d' % now}
    return _write_args(fields, (), create=True, lifetime=lifetime, refreshed=now)


def change_args(
    changed: Fields, removed: Names, *, lifetime: int, refreshed: int
) -> list[bytes | int]:
    """Return the arguments of `WRITE` that change a session."""
    return _write_args(changed, removed, create=False, lifetime=lifetime, refreshed=refreshed)


def flat_fields(flat: list[bytes]) -> Fields:
    """Return the fields that `HGETALL` returned: each name with its value after it."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def parse_session(fields: Fields) -> StoredSession | None:
    """Return the session in a hash, or None if it is empty or the session was deleted.

    Raises:
        StoreError: The hash holds something else.
    """
    if not fields or TOMBSTONE in fields:
        return None
    try:
        return StoredSession(fields, int(fields.pop(CREATED)), int(fields.pop(REFRESHED)))
    except (KeyError, ValueError):
        raise StoreError('Redis holds other data under the key of a session') from None


def parse_attributes(values: Sequence[bytes | None], length: int) -> StoredSession | None:
    """Return a session without its content, or None if there is no such session.

    Args:
        values: The values of `READ_NAMES` in its hash.
        length: How many fields the hash has.

    Raises:
        StoreError: The hash holds something else.
    """
    fields = {n: value for n, value in zip(READ_NAMES, values, strict=True) if value is not None}
    # Redis may have deleted it between the two commands.
    stored = parse_session(fields) if fields or length else None
    return None if stored is None else stored._replace(is_empty=length == 2)


def parse_deleted(flat: list[bytes]) -> Fields | None:
    """Return the last fields of a session from the result of `DELETE`, or None."""
    if not flat:
        return None
    fields = flat_fields(flat)
    for name in (CREATED, REFRESHED, TOMBSTONE):
        fields.pop(name, None)
    return fields


def _write_args(
    changed: Fields, removed: Names, *, create: bool, lifetime: int, refreshed: int
) -> list[bytes | int]:
    args: list[bytes | int] = [int(create), lifetime, refreshed, 2 * len(changed)]
    return [*args, *chain.from_iterable(changed.items()), *removed]
