"""Measure the processor time that opening and saving a session takes, without a server."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from quart_session_demo.compare.cost.cookie import STOCK_QUART, cookie_subjects
from quart_session_demo.compare.cost.server import MeasuredStore, store_subjects
from quart_session_demo.compare.cost.subjects import CALLS, SESSIONS
from quart_session_demo.tables import Table


@dataclass(frozen=True)
class Cost:
    """The median processor time of one call, in microseconds.

    A ratio divides the time to open and save by that of another implementation in the same round.
    It is the median of the rounds: what slows down a round affects both times of its ratio. It is
    None if the clock is too coarse for the other time.

    Attributes:
        session: The session's name in `SESSIONS`.
        subject: The implementation's name.
        open: The time to open the session.
        save: The time to save it.
        ratio_to_stock_quart: The ratio to Quart's own session in a cookie.
        ratio_to_minimum: The ratio to the implementation that does only what cannot be avoided.
    """

    session: str
    subject: str
    open: float
    save: float
    ratio_to_stock_quart: float | None
    ratio_to_minimum: float | None

    @property
    def total(self) -> float:
        """The time that a request needs to open and save."""
        return self.open + self.save


@dataclass
class Measurements:
    """What was measured so far.

    Attributes:
        rounds: The number of rounds to measure; one more warms up.
        times: The processor times of each round in seconds, to open and to save, by the names of
            the session and the implementation.
        minimums: The name of each implementation's `Subject.minimum`, by its own name.
    """

    rounds: int
    times: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    minimums: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every round of every session was measured."""
        sessions = {session for session, _ in self.times}
        return len(sessions) == len(SESSIONS) and all(
            len(pairs) == self.rounds + 1 for pairs in self.times.values()
        )

    def costs(self) -> list[Cost]:
        """Return the medians of the rounds so far, without the round that warms up."""
        return [
            Cost(
                session,
                subject,
                _microseconds(open_ for open_, _ in pairs[1:]),
                _microseconds(save for _, save in pairs[1:]),
                self._ratio(session, subject, STOCK_QUART),
                self._ratio(session, subject, self.minimums[subject]),
            )
            for (session, subject), pairs in self.times.items()
            if len(pairs) > 1
        ]

    def _ratio(self, session: str, subject: str, other: str) -> float | None:
        """Return the median of the ratios of all rounds in which both were measured."""
        pairs = zip(self.times[session, subject][1:], self.times[session, other][1:], strict=False)
        ratios = [sum(times) / sum(others) for times, others in pairs if sum(others)]
        return median(ratios) if ratios else None


async def measure_costs(
    measurements: Measurements,
    stores: Sequence[MeasuredStore] = (),
    report: Callable[[str, int], None] = lambda session, round_: None,
) -> None:
    """Measure every implementation in each round, so that a slow round affects all of them.

    Args:
        measurements: Where to add each time as soon as it is measured.
        stores: The stores to measure besides the cookies.
        report: Called before each round with the session's name and the round, 0 to warm up.

    Raises:
        StoreError: A store failed.
    """
    for session, data in SESSIONS.items():
        async with AsyncExitStack() as stack:
            subjects = cookie_subjects(data)
            for store in stores:
                subjects += await stack.enter_async_context(store_subjects(store, data))
            for round_ in range(measurements.rounds + 1):
                report(session, round_)
                for subject in subjects:
                    measurements.minimums[subject.name] = subject.minimum
                    with _no_garbage_collection():
                        pair = await subject.open(), await subject.save()
                    measurements.times.setdefault((session, subject.name), []).append(pair)


def cost_table(costs: Sequence[Cost]) -> Table:
    """Return the costs as a table. The last two columns are ratios of the totals."""
    times = ('open µs', 'save µs', 'total µs')
    header = ('session', 'implementation', *times, '÷ stock Quart', '÷ minimum')
    rows = [
        (
            cost.session,
            cost.subject,
            f'{cost.open:.1f}',
            f'{cost.save:.1f}',
            f'{cost.total:.1f}',
            _ratio_text(cost.ratio_to_stock_quart),
            _ratio_text(cost.ratio_to_minimum),
        )
        for cost in costs
    ]
    return Table('cost', 'The processor time of one call, the median.', header, rows)


def json_content(measurements: Measurements) -> dict[str, Any]:
    """Return the costs as objects for `json.dump`; times are in microseconds."""
    return {
        'rounds': measurements.rounds,
        'complete': measurements.complete,
        'costs': [{**asdict(cost), 'total': cost.total} for cost in measurements.costs()],
    }


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Collect no garbage in the block, as `timeit` does."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _microseconds(seconds: Iterable[float]) -> float:
    return median(seconds) / CALLS * 1_000_000


def _ratio_text(ratio: float | None) -> str:
    return '-' if ratio is None else f'{ratio:.2f}'
