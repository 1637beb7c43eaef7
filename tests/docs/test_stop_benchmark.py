"""The script that measures which requests a server loses when it stops."""

import subprocess
import sys

from tests.conftest import ROOT
from tests.docs.markdown import section

SCRIPT = ROOT / 'docs/benchmarks/stop/measure.py'
RESULTS = SCRIPT.with_name('results.md')


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, its head included."""
    lines = [line for line in section(page, heading).split('\n') if line.startswith('| ')]
    return [[cell.strip() for cell in line[1:-1].split('|')] for line in lines if '---' not in line]


def test_stop_benchmark_counts_each_request() -> None:
    """The script reports what became of each request, and Hypercorn finishes what it works on."""
    result = subprocess.run(
        [
            sys.executable,
            SCRIPT,
            '--server=hypercorn --workers 0',
            '--rounds=1',
            '--requests=5',
            '--wait=0.5',
            '--seconds=0.1',
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert result.returncode == 0, result.stderr
    head, summary = rows(result.stdout, '## Lost requests')
    # The stored results are those of this script.
    assert head == rows(RESULTS.read_text('utf-8'), '## Lost requests')[0]
    assert summary[:3] == ['hypercorn --workers 0', '0 (5)', '0 (5)']
    assert summary[-1] == '-'
    _, *details = rows(result.stdout, '## Outcomes')
    outcomes = {case: [*map(int, counts)] for _, case, *counts in details}
    assert outcomes['in flight, group'] == [5, 0, 0, 0, 0, 0]
    assert sum(outcomes['not accepted']) == 5
    answered, *_, refused = outcomes['load, new connections']
    assert answered > 5
    # Each client, after its last request.
    assert refused == 5
