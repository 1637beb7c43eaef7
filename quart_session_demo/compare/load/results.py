"""All that a run found, and what it was found on."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

from quart_session_demo.compare.load.runner import Measurement
from quart_session_demo.compare.load.scenarios import Work
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.verdicts import Verdict, verdicts

PACKAGES = (
    *('quart-session-demo', 'quart', 'flask', 'werkzeug', 'hypercorn', 'uvloop'),
    *('gunicorn', 'gevent', 'locust'),
)

LOAD_BEFORE = 'load average at the start'
# From here on, somebody else was using a processor.
BUSY = 1.0


def versions() -> dict[str, str]:
    """Return the versions of Python and of what is measured."""
    return {
        platform.python_implementation(): platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def machine() -> dict[str, str]:
    """Return what is known of the machine, and how busy it is already."""
    return {
        'system': f'{platform.system()} {platform.machine()}',
        'processor': _processor(),
        'processors': str(psutil.cpu_count()),
        'memory': f'{psutil.virtual_memory().total / 1e9:.0f} GB',
        LOAD_BEFORE: f'{os.getloadavg()[0]:.2f}',
    }


class Results(msgspec.Struct):
    """A run.

    Attributes:
        settings: What was asked for.
        works: What was done.
        started: When it began, in UTC.
        versions: Of Python and the packages.
        machine: Where it ran.
        complete: False when it was interrupted.
        measurements: What was measured, in order.
    """

    settings: Mapping[str, str]
    works: tuple[Work, ...]
    started: str = msgspec.field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec='seconds')
    )
    versions: dict[str, str] = msgspec.field(default_factory=versions)
    machine: dict[str, str] = msgspec.field(default_factory=machine)
    complete: bool = False
    measurements: list[Measurement] = msgspec.field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        """Return what follows from the measurements."""
        return verdicts(self.works, summarize(self.measurements))

    def notes(self) -> list[str]:
        """Return what the reader must know of these figures."""
        notes = []
        if not self.complete:
            notes.append('Interrupted: the figures are those of the rounds so far.')
        if len({item.round for item in self.measurements}) < 2:
            notes.append('One round tells nothing about chance: make more, with --rounds.')
        if float(self.machine[LOAD_BEFORE]) >= BUSY:
            notes.append(
                f'The machine was busy (load average {self.machine[LOAD_BEFORE]}) before the run '
                'began: measure again when nothing else runs.'
            )
        return notes

    def write(self, path: Path) -> None:
        """Write all of it as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b'\n')


def read(path: Path) -> Results:
    """Return what `write` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()
