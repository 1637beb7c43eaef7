"""The load generator beside wrk, a load generator in C."""

import math
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest

from quart_session_demo.compare.harness.client import make_client
from quart_session_demo.compare.harness.request import DEFAULT_HOST
from quart_session_demo.compare.harness.servers import Server, ServerCommand, hypercorn
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load.scenarios import Exchange
from tests.compare.load.generated_load import made_up, order, run_generator
from tests.conftest import KEY

USERS = 32
PATH = '/get_session/'
#: The least and the greatest number of pairs of slices that are compared.
PAIRS = range(6, 30)


def run_wrk(url: str) -> float:
    """Return the requests per second of wrk in one second, with the load generator's headers."""
    with make_client() as client:
        headers = {'Host': DEFAULT_HOST, **client.headers}
    options = [option for name, value in headers.items() for option in ('-H', f'{name}: {value}')]
    output = subprocess.run(
        ['wrk', '-t1', f'-c{USERS}', '-d1s', *options, url + PATH],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert 'Non-2xx' not in output
    found = re.search(r'Requests/sec: +([\d.]+)', output)
    assert found
    return float(found[1])


def waiting_seconds(pid: int) -> float:
    """Return how long a process has waited for a processor."""
    statistics = Path(f'/proc/{pid}/schedstat')
    return int(statistics.read_bytes().split()[1]) / 1e9 if statistics.exists() else 0


def undisturbed(server: Server, measure: Callable[[], float]) -> float:
    """Return a rate of requests without the time in which other processes stopped the server."""
    pid, start = server.process.pid, time.perf_counter()
    before = waiting_seconds(pid)
    rate = measure()
    waited = waiting_seconds(pid) - before
    return rate / max(0.1, 1 - waited / (time.perf_counter() - start))


@pytest.mark.wrk
def test_wrk_agrees_on_the_peak_throughput() -> None:
    """On a real server the peak throughput is that which wrk measures, within 10 %."""
    command = ServerCommand('Quart', hypercorn('quart_session_demo:app'), {'QUART_SECRET_KEY': KEY})
    exchange = Exchange(Step('read', PATH), body='没有session数据')
    logarithms: list[float] = []
    with run_generator(command, made_up(exchange), USERS) as [load, server]:

        def run_generator_slice() -> float:
            result = load.run(order(1, warm_up=0.1))
            assert result.failures == {}
            return result.requests / result.seconds

        def run_wrk_slice() -> float:
            return run_wrk(server.url)

        for pair in range(PAIRS.stop):
            slices = [run_generator_slice, run_wrk_slice]
            # Neither is always the first one.
            order_of_slices = slices[:: 1 if pair % 2 else -1]
            rates = {slice_: undisturbed(server, slice_) for slice_ in order_of_slices}
            logarithms.append(math.log(rates[run_generator_slice] / rates[run_wrk_slice]))
            ratio = math.exp(fmean(logarithms))
            if len(logarithms) >= PAIRS.start and 0.9 <= ratio <= 1.1:
                break

    assert 0.9 <= ratio <= 1.1
