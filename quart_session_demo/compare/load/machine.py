"""What a run is made on: the machine, and the versions of the packages."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

#: The packages whose versions are reported.
MEASURED_PACKAGES = (
    'quart-session-demo',
    'quart',
    'flask',
    'werkzeug',
    'hypercorn',
    'uvicorn',
    'h11',
    'httptools',
    'granian',
    'uvloop',
    'gunicorn',
    'gevent',
    'greenlet',
    'psycopg',
    'psycopg-pool',
    'httpx',
)


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages of `MEASURED_PACKAGES`."""
    versions = {platform.python_implementation(): platform.python_version()}
    for package in MEASURED_PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def machine_info() -> dict[str, str]:
    """Return the system, the processor and the memory."""
    return {
        'system': f'{platform.system()} {platform.machine()}',
        'processor': _processor(),
        'processors': str(psutil.cpu_count()),
        'memory': f'{psutil.virtual_memory().total / 1e9:.0f} GB',
    }


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()
