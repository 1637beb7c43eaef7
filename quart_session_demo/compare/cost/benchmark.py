"""Measure the processor time that opening and saving a session takes, without a server."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from quart_session_demo.compare.cost.cookie import STOCK_QUART, cookie_subjects
from quart_session_demo.compare.cost.server import MeasuredStore, store_subjects
from quart_session_demo.compare.cost.subjects import CALLS, SESSIONS


@dataclass(frozen=True)
class Cost:
    """The median processor time of one call, in microseconds.

    Attributes:
        session: The session's name in `SESSIONS`.
        subject: The implementation's name.
        open: The time to open the session.
        save: The time to save it.
    """

    session: str
    subject: str
    open: float
    save: float

    @property
    def total(self) -> float:
        """The time that a request needs to open and save."""
        return self.open + self.save


async def measure_costs(rounds: int, stores: Sequence[MeasuredStore] = ()) -> list[Cost]:
    """Measure every implementation in each round, so that a slow round affects all of them.

    Args:
        rounds: The number of measured rounds; one more warms up.
        stores: The stores to measure besides the cookies.

    Raises:
        StoreError: A store failed.
    """
    costs = []
    for session, data in SESSIONS.items():
        async with AsyncExitStack() as stack:
            subjects = cookie_subjects(data)
            for store in stores:
                subjects += await stack.enter_async_context(store_subjects(store, data))
            times: dict[str, list[tuple[float, float]]] = {item.name: [] for item in subjects}
            for _ in range(rounds + 1):
                for subject in subjects:
                    with _no_garbage_collection():
                        times[subject.name].append((await subject.open(), await subject.save()))
        for name, pairs in times.items():
            opens, saves = zip(*pairs[1:], strict=True)
            costs.append(Cost(session, name, _microseconds(opens), _microseconds(saves)))
    return costs


def format_costs(costs: list[Cost]) -> str:
    """Return the costs as a table. The last column divides each by the cost of stock Quart."""
    lines = ['session  implementation        open µs   save µs  total µs   ÷ stock Quart']
    stock = {cost.session: cost.total for cost in costs if cost.subject == STOCK_QUART}
    lines += [
        f'{cost.session:8} {cost.subject:18} {cost.open:9.1f} {cost.save:9.1f} '
        f'{cost.total:9.1f} {cost.total / stock[cost.session]:15.2f}'
        for cost in costs
    ]
    return '\n'.join(lines)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Collect no garbage in the block, as `timeit` does."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _microseconds(seconds: tuple[float, ...]) -> float:
    return median(seconds) / CALLS * 1_000_000
