"""What the server of the app writes to the file that the command reads."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

#: The routes of the start and the end of the server, and of what is for no route.
STARTUP, SHUTDOWN, NO_ROUTE = 'startup', 'shutdown', 'server'


class Block(msgspec.Struct, frozen=True, tag='block'):
    """A time in which the app blocked its event loop.

    Attributes:
        started: When the callback began that blocked, by the monotonic clock.
        route: The route, such as `GET /users/<name>`; `startup`, `shutdown` or `server`.
        file: The file of the line.
        line: The number of the line.
        is_own: Whether the line is the user's own. Otherwise no own line ran.
        seconds: For how long.
    """

    started: float
    route: str
    file: str
    line: int
    is_own: bool
    seconds: float


class Handlers(msgspec.Struct, frozen=True, tag='handlers'):
    """How many handlers the app has.

    Attributes:
        views: All views.
        sync_views: Those that run in threads.
        sync_functions: The functions around views that run in threads.
    """

    views: int
    sync_views: int
    sync_functions: int


def write(file: Path, record: Block | Handlers) -> None:
    """Add a record to a file."""
    with file.open('ab') as stream:
        stream.write(msgspec.json.encode(record) + b'\n')


def read(file: Path) -> Iterator[Block | Handlers]:
    """Yield the records of a file; none if it does not exist."""
    for line in file.read_bytes().splitlines() if file.exists() else ():
        yield msgspec.json.decode(line, type=Block | Handlers)
