"""End a process that does not end by itself."""

import logging
import os
import threading
import time
from queue import SimpleQueue

from quart_session_demo.serve import standard_error

LOGGER = logging.getLogger('hypercorn.error')


class Watchdog:
    """Ends the process some time after its stop began, even if the app blocks its event loop."""

    def __init__(self, seconds: float) -> None:
        """Prepare a thread, because a signal handler cannot start one safely."""
        self._seconds = seconds
        self._starts: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._wait, daemon=True).start()

    def start(self) -> None:
        """Begin to count the time. Only the first call counts."""
        self._starts.put(None)

    def _wait(self) -> None:
        self._starts.get()
        time.sleep(self._seconds)
        try:
            LOGGER.error('stopped after %g s, although the app has not ended', self._seconds)
            standard_error.flush()
        finally:
            # Also if the app has closed `sys.stderr`, for which logging raises an error.
            os._exit(1)
