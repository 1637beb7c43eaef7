"""The servers that docs/deployment.md compares: their start commands, and their measurement."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from tests.conftest import ROOT
from tests.docs.markdown import code_blocks, read, section
from tests.processes import PATH, wait_until

SCRIPT = ROOT / 'docs/benchmarks/servers/measure.py'
RESULTS = SCRIPT.with_name('results.md')
SECTION = section(read('docs/deployment.md'), '## Choose a server')


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, its head included."""
    lines = [line for line in section(page, heading).split('\n') if line.startswith('| ')]
    return [[cell.strip() for cell in line[1:-1].split('|')] for line in lines if '---' not in line]


def start_command(line: str, processes: Path) -> ServerCommand:
    """Return how a platform runs a line of the page, with two processes."""
    environment = {'PYTHONPATH': str(ROOT), 'PROCESSES': str(processes)}
    variables = ('PORT={port}', 'WEB_CONCURRENCY=2', f'PATH={PATH}')
    line = line.replace('shop:app', 'tests.apps.recorded_app:app')
    return ServerCommand(line, ('env', *variables, 'sh', '-c', line), environment)


def has_two_processes(file: Path) -> bool:
    """Return whether two processes have recorded that they serve the app."""
    return len(set(file.read_text().split())) == 2


def test_start_commands_serve_an_app(tmp_path: Path) -> None:
    """Each start command has two processes, and does not obey headers that any client can send."""
    _, block = code_blocks(SECTION, 'sh')
    lines = block.splitlines()
    files = [tmp_path / str(number) for number in range(len(lines))]
    headers = {'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https'}
    assert len(lines) == 5

    with run_servers(*map(start_command, lines, files)) as servers:
        for server, file in zip(servers, files, strict=True):
            wait_until(partial(has_two_processes, file))
            seen = httpx.get(server.url, headers=headers).json()

            assert seen['scheme'] == 'http', server.name
            assert '127.0.0.1' in seen['client'], server.name


def test_results_support_the_advice() -> None:
    """In the stored results only the starter loses nothing, and it recovers from failures."""
    results = RESULTS.read_text('utf-8')
    head, starter, *_ = rows(results, '## Servers')
    server = dict(zip(head, starter, strict=True))
    _, *losses = rows(results, '## Lost requests')
    without_loss = [
        name
        for name, *cells in losses
        if all(cell == '-' or cell.startswith('0 (') for cell in cells)
    ]

    assert without_loss == ['starter, 2 processes', 'starter, 1 process']
    assert server['killed process'].startswith('replaced')
    assert server['others lost'].startswith('0 (')
    assert server['exit status'] == '0, 1, 1'


def test_server_benchmark_counts_each_request() -> None:
    """The script reports what became of each request, and what Hypercorn does when it fails."""
    result = subprocess.run(
        [
            sys.executable,
            SCRIPT,
            '--server=hypercorn --workers 2',
            '--rounds=1',
            '--requests=5',
            '--wait=0.5',
            '--seconds=0.1',
            '--users=4',
            '--blocks=1',
            '--slice=0.1',
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert result.returncode == 0, result.stderr
    head, row = rows(result.stdout, '## Servers')
    # The stored results are those of this script.
    stored = RESULTS.read_text('utf-8')
    assert head == rows(stored, '## Servers')[0]
    server = dict(zip(head, row, strict=True))
    assert server['speed'] == '1'
    assert float(server['CPU ms']) > 0
    assert float(server['MB']) > 10
    assert server['killed process'] == 'exits: 0'
    assert server['exit status'].endswith(', 0, 0')
    head, row = rows(result.stdout, '## Lost requests')
    assert head == rows(stored, '## Lost requests')[0]
    assert row[-1] == '-'
    _, *details = rows(result.stdout, '## Outcomes')
    outcomes = {case: [*map(int, counts)] for _, case, *counts in details}
    for case in ('in flight, group', 'in flight, master', 'not accepted'):
        answered, *losses, refused = outcomes[case]
        assert answered + sum(losses) + refused == 5
        assert row[head.index(case)] == f'{sum(losses)} ({5 - refused})'
    # Each client, after its last request.
    assert outcomes['load, new connections'][-1] == 5
