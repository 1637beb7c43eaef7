"""Sum up the blocks of a run."""

import linecache
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from quart_session_demo.compare.blocking.records import Block


class BlockingLine(msgspec.Struct, frozen=True):
    """A line that blocked the event loop for a route.

    Attributes:
        route: The route, such as `GET /users/<name>`; `startup`, `shutdown` or `server`.
        file: The file, relative to the current folder if it is below it.
        line: The number of the line.
        own: Whether the line is the user's own. Otherwise no own line ran.
        code: The line without the spaces around it.
        count: How often it blocked.
        longest_ms: For how many milliseconds it blocked at most.
        ms: For how many it blocked, each time.
    """

    route: str
    file: str
    line: int
    own: bool
    code: str
    count: int
    longest_ms: float
    ms: list[float]


def sum_up(blocks: Iterable[Block]) -> list[BlockingLine]:
    """Return the lines that blocked, the one with the longest block first."""
    grouped: dict[tuple[str, str, int, bool], list[float]] = defaultdict(list)
    for block in blocks:
        key = block.route, block.file, block.line, block.is_own
        grouped[key].append(round(block.seconds * 1000, 1))
    lines = [
        BlockingLine(
            route,
            _relative(file),
            line,
            is_own,
            linecache.getline(file, line).strip(),
            len(ms),
            max(ms),
            ms,
        )
        for (route, file, line, is_own), ms in grouped.items()
    ]
    return sorted(lines, key=lambda line: -line.longest_ms)


def _relative(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
