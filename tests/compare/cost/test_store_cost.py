"""`compare cost` with the URL of a server: the cost of sessions in its store."""

import json
import re
import sys

import pytest
from quart import Quart

from quart_session_demo.compare.cost.benchmark import Measurements, measure_costs
from quart_session_demo.compare.cost.stores import redis_store
from quart_session_demo.compare.cost.subjects import LESSON
from tests.processes import wait_until
from tests.redis_cluster import RedisCluster
from tests.redis_server import RedisServer

SECRET = 'never-shown'


async def test_redis_is_measured_and_left_clean(redis_server: RedisServer) -> None:
    """Our sessions on Redis are measured beside the bare round trips, and no key is left."""
    before = set(redis_server.ask('KEYS', '*'))

    measurements = Measurements(rounds=5)

    await measure_costs(measurements, [redis_store(redis_server.url)])

    ratios = {
        cost.subject: cost.ratio_to_minimum
        for cost in measurements.costs()
        if cost.session == LESSON
    }
    assert ratios['bare Redis'] == 1
    assert ratios['Redis'] is not None
    assert 1 < ratios['Redis'] < 4
    # A deleted session stays for a second.
    wait_until(lambda: not set(redis_server.ask('KEYS', '*')) - before)


async def test_redis_cluster_is_measured(redis_cluster: RedisCluster) -> None:
    """Our sessions on a Redis Cluster are measured beside the bare round trips."""
    url = redis_cluster.settings['SESSION_REDIS_URL']

    measurements = Measurements(rounds=1)

    await measure_costs(measurements, [redis_store(url, cluster=True)])

    names = [cost.subject for cost in measurements.costs() if cost.session == LESSON]
    assert names[-2:] == ['Redis Cluster', 'bare Redis Cluster']


def test_command_measures_a_server(
    app: Quart, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command adds two rows for each session if it gets a URL."""
    # Without SQLite, which takes longest.
    command = sys.modules['quart_session_demo.cli.compare.cost']
    monkeypatch.setattr(command, 'find_spec', lambda name: None)
    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', '--rounds', '1', '--redis', redis_server.url]
    )

    assert result.exit_code == 0
    for name in ('Redis', 'bare Redis'):
        assert len(re.findall(rf'^\| .{{7}} \| {name} +\| \d', result.stdout, re.MULTILINE)) == 2


@pytest.mark.parametrize(
    ('option', 'scheme'),
    [('redis', 'redis'), ('redis-cluster', 'redis'), ('postgresql', 'postgresql')],
)
@pytest.mark.parametrize('address', ['127.0.0.1:1/', '127.0.0.1:x/'], ids=['closed', 'wrong'])
def test_unusable_server_is_one_line(app: Quart, option: str, scheme: str, address: str) -> None:
    """A server that does not answer, or a wrong URL, is one line without its password."""
    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', f'--{option}', f'{scheme}://user:{SECRET}@{address}']
    )

    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert f'--{option} cannot be used: ' in result.output
    assert SECRET not in result.output


def test_json_without_costs_is_a_document(app: Quart) -> None:
    """With `--json` a run that measured nothing prints JSON too, which is not complete."""
    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', '--json', '--redis', 'redis://127.0.0.1:1/']
    )

    assert result.exit_code == 2
    assert json.loads(result.stdout) == {'rounds': 20, 'complete': False, 'costs': []}
