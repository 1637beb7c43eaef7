"""A signal handler that prints while the program prints."""

import signal
import sys
import time

from quart_session_demo.serve import standard_error

if __name__ == '__main__':
    standard_error.install()
    signal.signal(signal.SIGALRM, lambda *_: print('handler', file=sys.stderr))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        print('main', file=sys.stderr)
    signal.setitimer(signal.ITIMER_REAL, 0)
