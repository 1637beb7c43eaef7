"""Measure what changes of other packages would save in a request: see `--help`."""

import argparse
import random
import secrets
from statistics import median, quantiles

from conditions import PYTHONPATH, date_and_versions
from upstream_app import CHANGE
from upstream_changes import CHANGES
from upstream_operations import saved_microseconds

from quart_session_demo.compare.harness.servers import ServerCommand, clear_app_settings, hypercorn
from quart_session_demo.compare.load.contenders import Contender
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.open_files import raise_limit
from quart_session_demo.compare.load.running_servers import RunningServers
from quart_session_demo.compare.load.scenarios import SESSION
from quart_session_demo.tables import Table

PACKAGES = ('quart', 'werkzeug', 'hypercorn', 'h11', 'itsdangerous', 'uvloop')
#: The server without a change.
STOCK = 'stock'
WARM_UP_SECONDS = 0.1


def main() -> None:
    """Measure, and print the table in Markdown."""
    options = parse_options()
    clear_app_settings()
    raise_limit()
    names = options.change or list(CHANGES)
    costs = measure(names, options.users, options.blocks, options.slice)
    print('# What changes of other packages would save\n')
    print(
        f'{date_and_versions(PACKAGES)}; {options.users} users, {options.blocks} blocks. Without a '
        f'change a request takes {median(costs[STOCK]):.0f} µs of processor time.\n'
    )
    rows = []
    for name in names:
        pairs = list(zip(costs[STOCK], costs[name], strict=True))
        saved = median(stock - changed for stock, changed in pairs)
        parts = [100 * (stock - changed) / stock for stock, changed in pairs]
        low, middle, high = quantiles(parts, method='inclusive')
        item = CHANGES[name]
        share = f'{middle:.1f} % ({low:.1f} to {high:.1f})'
        alone = saved_microseconds(name)
        figures = ('-' if alone is None else f'{alone:.1f}', f'{saved:.0f}', share)
        rows.append([item.package, item.place, item.description, *figures])
    header = ('package', 'place', 'change', 'alone µs', 'saved µs', 'of the request (quartiles)')
    print(Table('changes', '', header, rows).markdown())


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description='Measure what changes of other packages would save in a request of stock Quart '
        'on Hypercorn.'
    )
    parser.add_argument(
        '--change',
        action='append',
        choices=CHANGES,
        help='measure this change; can be repeated (default: all)',
    )
    parser.add_argument('--users', type=int, default=64, help='users (default: 64)')
    parser.add_argument('--blocks', type=int, default=30, help='blocks (default: 30)')
    parser.add_argument(
        '--slice', type=float, default=1, help='seconds of a measurement (default: 1)'
    )
    options = parser.parse_args()
    if options.blocks < 2:
        parser.error('--blocks must be at least 2, because the table has quartiles')
    return options


def measure(names: list[str], users: int, blocks: int, seconds: float) -> dict[str, list[float]]:
    """Return the processor time of a request in each block, in microseconds.

    All servers run at the same time, and get load one after another, in another order in each
    block. So what disturbs the machine disturbs all of them.

    Args:
        names: The changes.
        users: The number of concurrent users.
        blocks: How often each change is measured.
        seconds: For how long it is measured each time.
    """
    key = secrets.token_hex(32)
    contenders = [contender(name, key) for name in (STOCK, *names)]
    costs: dict[str, list[float]] = {item.name: [] for item in contenders}
    generator = random.Random(1)  # noqa: S311 - no secret
    with RunningServers(contenders, {}, SESSION, users) as servers:
        for block in range(blocks + 1):
            for name in generator.sample(list(costs), len(costs)):
                measured = servers.run(SliceOrder(name, WARM_UP_SECONDS, seconds))
                if measured.result.failures:
                    raise SystemExit(f'{name}: {measured.result.failures}')
                # The first block warms up.
                if block:
                    costs[name].append(1e6 * measured.cpu_seconds / measured.result.responses)
    return costs


def contender(name: str, key: str) -> Contender:
    """Return the server with a change, or without one."""
    environment = {
        'PYTHONPATH': PYTHONPATH,
        'QUART_SECRET_KEY': key,
        CHANGE: '' if name == STOCK else name,
    }
    command = hypercorn('upstream_app:app', '--worker-class', 'uvloop')
    return Contender(name, ServerCommand(name, command, environment))


if __name__ == '__main__':
    main()
