"""The results of `compare load`, with the versions and the machine."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

from quart_session_demo.compare.load.runner import Measurement
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.verdicts import Verdict, make_verdicts

#: The packages whose versions are reported.
MEASURED_PACKAGES = (
    'quart-session-demo',
    'quart',
    'flask',
    'werkzeug',
    'hypercorn',
    'uvloop',
    'gunicorn',
    'gevent',
    'locust',
)

#: The key of the load average in `Results.machine`.
LOAD_BEFORE = 'load average at the start'
#: From this load average on, another program was using a processor.
BUSY_LOAD = 1.0


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the measured packages."""
    return {
        platform.python_implementation(): platform.python_version(),
        **{package: version(package) for package in MEASURED_PACKAGES},
    }


def machine_info() -> dict[str, str]:
    """Return the system, the processor, the memory and the current load average."""
    return {
        'system': f'{platform.system()} {platform.machine()}',
        'processor': _processor(),
        'processors': str(psutil.cpu_count()),
        'memory': f'{psutil.virtual_memory().total / 1e9:.0f} GB',
        LOAD_BEFORE: f'{os.getloadavg()[0]:.2f}',
    }


class Results(msgspec.Struct):
    """The content of `results.json`.

    Attributes:
        settings: The command's options.
        scenarios: The scenarios that were measured.
        started: When the run began, in UTC.
        versions: The versions of Python and the packages.
        machine: What the run was made on.
        complete: False if the run was interrupted.
        measurements: The measurements, in order.
    """

    settings: Mapping[str, str]
    scenarios: tuple[Scenario, ...]
    started: str = msgspec.field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec='seconds')
    )
    versions: dict[str, str] = msgspec.field(default_factory=package_versions)
    machine: dict[str, str] = msgspec.field(default_factory=machine_info)
    complete: bool = False
    measurements: list[Measurement] = msgspec.field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        """Return the verdicts that the measurements allow."""
        return make_verdicts(self.scenarios, summarize(self.measurements))

    def notes(self) -> list[str]:
        """Return warnings about the reliability of the figures."""
        notes = []
        if not self.complete:
            notes.append('The run was interrupted: only the measurements made so far are shown.')
        if len({item.round for item in self.measurements}) < 2:
            notes.append('One round cannot show random variation: measure two rounds or more.')
        if float(self.machine[LOAD_BEFORE]) >= BUSY_LOAD:
            notes.append(
                f'The machine was busy before the run (load average {self.machine[LOAD_BEFORE]}): '
                'stop other programs and measure again.'
            )
        return notes

    def write(self, path: Path) -> None:
        """Write the results as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b'\n')


def read(path: Path) -> Results:
    """Read the results that `Results.write` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()
