"""Measure how long each callback blocks the event loop, and at which lines.

The event loop runs one callback after the other: a step of a task, or a function. While one runs,
nothing else does. A thread takes samples of the loop's stack meanwhile. Most blocking calls let
other threads run. One that does not, such as `json.dumps`, lets the thread take its sample as soon
as it returns, before the loop's thread continues.
"""

import asyncio
import gc
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from quart_session_demo.compare.blocking.clocks import Clocks, Reading
from quart_session_demo.compare.blocking.places import Place, find_place, read_stack, starts_another

#: How often a sample is taken.
TICK_SECONDS = 0.005
#: The method with which asyncio runs a callback, in every version. There is no public way to see
#: the callbacks, except the log of the debug mode, which names only the outermost coroutine.
RUN = '_run'
#: How late a sample may be. While another thread computes, each sample is later: Python's threads
#: wait 5 ms for each other (`sys.getswitchinterval`).
GRACE_SECONDS = 0.0025


class Sample(NamedTuple):
    """What was seen of a callback at one moment.

    Attributes:
        place: Where the loop's thread was.
        seconds: For how long it certainly blocked the loop since the sample before.
        elapsed: The seconds since then.
    """

    place: Place
    seconds: float
    elapsed: float


@dataclass(eq=False)
class LoopCallback:
    """A callback that the loop runs.

    Attributes:
        context: Its context variables.
        started: When it began, by the monotonic clock.
        ended: When it ended; None while it runs.
        waited: How long the loop's thread had waited for a processor then; None if not sampled.
        is_sampled: Whether a sample was taken, or is being taken.
        samples: What was seen of it.
    """

    context: Context
    started: float
    ended: float | None = None
    waited: float | None = None
    is_sampled: bool = False
    samples: list[Sample] = field(default_factory=list)

    def add_sample(self, sample: Sample) -> None:
        """Add a sample; what it has less than 0 seconds is subtracted from those before."""
        excess, index = -sample.seconds, len(self.samples)
        while excess > 0 and index:
            index -= 1
            before = self.samples[index]
            self.samples[index] = before._replace(seconds=max(0.0, before.seconds - excess))
            excess -= before.elapsed
        self.samples.append(sample._replace(seconds=max(0.0, sample.seconds)))


class Watchdog:
    """Watches the running event loop; use it in `with`.

    `report` is called in another thread, for each callback of which there are samples.
    """

    def __init__(self, report: Callable[[LoopCallback], None]) -> None:
        """Prepare the watchdog."""
        self._report = report
        self._current: LoopCallback | None = None
        self._collecting = self._collection_started = 0.0
        self._stopped = False
        self._thread = threading.Thread(target=self._run_thread, name='watchdog')

    def __enter__(self) -> Self:
        """Start, in the thread of the running event loop."""
        self._loop_thread = threading.current_thread()
        self._run = run = getattr(asyncio.Handle, RUN)
        loop = asyncio.get_running_loop()

        def run_watched(handle: Any) -> None:
            if handle._loop is not loop:
                run(handle)
                return
            self._current = current = LoopCallback(handle._context, time.monotonic())
            try:
                run(handle)
            finally:
                current.ended = time.monotonic()
                self._current = None
                if current.is_sampled and not self._stopped:
                    current.waited = self._clocks.waited()

        setattr(asyncio.Handle, RUN, run_watched)
        gc.callbacks.append(self._time_collection)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, after the last report."""
        setattr(asyncio.Handle, RUN, self._run)
        gc.callbacks.remove(self._time_collection)
        self._stopped = True
        self._thread.join()

    def _run_thread(self) -> None:
        try:
            self._watch()
        except BaseException:
            traceback.print_exc()
            # Without samples nothing would be reported, as if nothing had blocked.
            os._exit(1)

    def _watch(self) -> None:
        clocks = self._clocks = Clocks(self._loop_thread)
        ident = self._loop_thread.ident or 0
        last, collected = clocks.read(), self._collecting
        watched: LoopCallback | None = None
        while not self._stopped:
            time.sleep(TICK_SECONDS)
            current = self._current
            stack = read_stack(sys._current_frames()[ident]) if current else []
            now, collecting = clocks.read(), self._collecting - collected
            # This thread may have been interrupted, and the loop may have begun another callback.
            is_current = current is self._current
            if watched and watched is not current:
                self._finish(watched, last, now)
                watched = None
            if current and is_current:
                current.is_sampled, watched = True, current
                seconds = blocked_seconds(current, last, now, collecting)
                # A new thread or process waits for a processor, which other programs may use.
                seconds = min(seconds, 0) if starts_another(stack) else seconds
                elapsed = now.time - max(last.time, current.started)
                current.add_sample(Sample(find_place(stack), seconds, elapsed))
            last, collected = now, collected + collecting
        if watched:
            self._finish(watched, last, last)
        clocks.close()

    def _finish(self, callback: LoopCallback, last: Reading, now: Reading) -> None:
        """Report a callback, with the time from its last sample to its end."""
        elapsed = max(0.0, (callback.ended or last.time) - last.time)
        seconds = elapsed - max(0.0, waited_until(callback, now) - last.waited)
        if elapsed > TICK_SECONDS + GRACE_SECONDS:
            # Nobody knows at which lines that was.
            seconds = min(0.0, seconds)
        callback.add_sample(Sample(callback.samples[-1].place, seconds, elapsed))
        self._report(callback)

    def _time_collection(self, phase: str, _: dict[str, int]) -> None:
        """Add up how long the loop's thread collects garbage, which no line is the cause of."""
        if threading.get_ident() == self._loop_thread.ident:
            if phase == 'start':
                self._collection_started = time.monotonic()
            else:
                self._collecting += time.monotonic() - self._collection_started


def blocked_seconds(
    callback: LoopCallback, last: Reading, now: Reading, collecting: float = 0
) -> float:
    """Return for how long a callback certainly blocked the loop before a sample.

    The time in which it waited for a processor does not count. Nor does, except for its own
    processor time, the time in which it may have waited for another thread that computed.
    Linux counts a wait when it ends: if it is longer than the time since the last sample, the
    result is negative, because the rest of it was before.

    Args:
        callback: The callback, which may have ended since the sample was taken.
        last: What the clocks showed at the last sample, or before.
        now: What they show at this sample.
        collecting: For how long garbage was collected meanwhile.
    """
    waited = waited_until(callback, now) - last.waited + collecting
    started, ended = max(last.time, callback.started), min(now.time, callback.ended or now.time)
    elapsed = max(0.0, ended - started) - waited
    late = now.time - last.time - TICK_SECONDS - (now.own_waited - last.own_waited)
    if late <= GRACE_SECONDS:
        return elapsed
    return min(elapsed, max(TICK_SECONDS, now.worked - last.worked - collecting))


def waited_until(callback: LoopCallback, now: Reading) -> float:
    """Return how long the loop's thread had waited for a processor: at the end, or else now."""
    return now.waited if callback.waited is None else callback.waited
