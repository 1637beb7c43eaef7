"""Measure the start and the memory of the demo app, beside an app with one route: see `--help`."""

import argparse
import http.client
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median, quantiles

import psutil
from conditions import PYTHONPATH, date_and_versions

from quart_session_demo.compare.harness.servers import (
    HOST,
    START_SECONDS,
    Server,
    ServerCommand,
    clear_app_settings,
    hypercorn,
)
from quart_session_demo.tables import Table

BARE = 'bare_app:app'
DEMO = 'quart_session_demo:app'
#: How long a client waits before it connects again, in seconds.
INTERVAL = 0.005
MEGABYTE = 1e6


@dataclass(frozen=True)
class Start:
    """What the start of a server took.

    Attributes:
        wall: Seconds until the first response.
        cpu: Seconds of processor time until then.
        uss: Memory that no other process uses, in MB (Linux, macOS and Windows).
        rss: Memory with the libraries that processes share, in MB.
    """

    wall: float
    cpu: float
    uss: float
    rss: float


TITLES = {'wall': 'seconds', 'cpu': 'CPU seconds', 'uss': 'USS MB', 'rss': 'RSS MB'}


def main() -> None:
    """Measure, and print the table in Markdown."""
    parser = argparse.ArgumentParser(
        description='Measure the start of `hypercorn quart_session_demo:app`, and of a bare app.'
    )
    parser.add_argument('--rounds', type=int, default=15, help='starts of each (default: 15)')
    rounds = parser.parse_args().rounds
    if rounds < 2:
        parser.error('--rounds must be at least 2, because the table has quartiles')
    clear_app_settings()
    starts: dict[str, list[Start]] = {BARE: [], DEMO: []}
    # The first start writes the bytecode.
    for number in range(rounds + 1):
        for app, measured in starts.items():
            start = measure(app)
            if number:
                measured.append(start)
    print('# The start and the memory of the demo app\n')
    print(
        f'{date_and_versions(("quart", "hypercorn"))}. Medians of {rounds} starts in turn, with '
        'the quartiles.\n'
    )
    print(table(starts).markdown())


def measure(app: str) -> Start:
    """Start Hypercorn with an app, in one process, until the first response."""
    environment = {
        'PYTHONPATH': PYTHONPATH,
        # With it each start would compile the modules of the demo app, and not those of Quart.
        'PYTHONDONTWRITEBYTECODE': '',
        'QUART_SECRET_KEY': secrets.token_hex(32),
    }
    begin = time.perf_counter()
    with Server(ServerCommand(app, hypercorn(app), environment)) as server:
        while not responds(server):
            server.check_alive('did not start')
            if time.perf_counter() - begin > START_SECONDS:
                raise SystemExit(f'{app} does not respond')
            time.sleep(INTERVAL)
        wall = time.perf_counter() - begin
        process = psutil.Process(server.process.pid)
        times = process.cpu_times()
        memory = process.memory_full_info()
        return Start(wall, times.user + times.system, memory.uss / MEGABYTE, memory.rss / MEGABYTE)


def responds(server: Server) -> bool:
    """Return whether a server responds."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=START_SECONDS)
    try:
        connection.request('GET', '/')
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def table(starts: dict[str, list[Start]]) -> Table:
    """Return the medians of each app, and the ratio of the demo app's to the bare app's."""
    rows = []
    for field in fields(Start):
        bare, demo = ([getattr(start, field.name) for start in starts[app]] for app in (BARE, DEMO))
        ratio = f'{median(demo) / median(bare):.3f}'
        rows.append([TITLES[field.name], spread(bare), spread(demo), ratio])
    return Table('start', '', ('', f'`{BARE}`', f'`{DEMO}`', 'ratio'), rows)


def spread(values: Sequence[float]) -> str:
    """Return the median and the quartiles of some values."""
    low, _, high = quantiles(values, method='inclusive')
    digits = 3 if median(values) < 10 else 1
    return f'{median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})'


if __name__ == '__main__':
    main()
