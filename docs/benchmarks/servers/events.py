"""What the measured app reports: a line with the event and the process id, in one file."""

import os
from collections import Counter
from pathlib import Path

#: The variable with the path of the file.
EVENTS = 'EVENTS'
#: A process loads the app.
LOADED = 'loaded'
#: A process can serve the app.
STARTED = 'started'
STOPPED = 'stopped'
#: A request for `/wait` waits.
WAITING = 'waiting'


def record(event: str) -> None:
    """Add an event of this process to the file."""
    # One write each, so that the lines of several processes do not mix.
    with Path(os.environ[EVENTS]).open('ab', buffering=0) as file:
        file.write(f'{event} {os.getpid()}\n'.encode())


def count_events(file: Path, event: str) -> Counter[int]:
    """Return how often an event has happened, by process id."""
    events = [line.split() for line in file.read_text('ascii').splitlines()]
    return Counter(int(process) for name, process in events if name == event)
