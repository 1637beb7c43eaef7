"""Attribute the time of a callback to lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from quart_session_demo.compare.blocking.places import Place
from quart_session_demo.compare.blocking.watchdog import Sample


def find_blocks(samples: Sequence[Sample], limit: float) -> Iterator[tuple[Place, float]]:
    """Yield each line that blocked for longer than a limit, with its seconds.

    Samples at the same line, one after the other, are one block. Shorter ones, as of a loop of
    several lines, count together: if they exceed the limit, they are one block of the line that was
    seen longest. The user's own lines count apart from those of the framework around them.
    """
    rests: dict[bool, Counter[Place]] = {True: Counter(), False: Counter()}
    for place, run in groupby(samples, lambda sample: sample.place):
        seconds = sum(sample.seconds for sample in run)
        if seconds > limit:
            yield place, seconds
        else:
            # The types of Counter know only whole numbers.
            rests[place.is_own][place] += seconds  # type: ignore[assignment]
    for rest in rests.values():
        if rest.total() > limit:
            yield max(rest, key=rest.__getitem__), rest.total()
