"""`compare cost --redis`: the cost of sessions on Redis."""

from quart import Quart

from tests.processes import wait_until
from tests.redis_server import RedisServer

SECRET = 'never-shown'


def test_redis_is_measured_and_left_clean(app: Quart, redis_server: RedisServer) -> None:
    """The table has our sessions on Redis beside the bare round trips, and no key is left."""
    before = set(redis_server.ask('KEYS', '*'))

    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', '--rounds', '5', '--redis', redis_server.url]
    )

    assert result.exit_code == 0
    rows = {tuple(line.split()[:2]): line.split() for line in result.stdout.splitlines()}
    ours, bare = (float(rows['lesson', name][-2]) for name in ('Redis', 'round'))
    assert bare < ours < 4 * bare
    # A deleted session stays for a second.
    wait_until(lambda: not set(redis_server.ask('KEYS', '*')) - before)


def test_unreachable_redis_is_one_line(app: Quart) -> None:
    """A Redis that does not answer is one line without its password, and status 2."""
    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', '--redis', f'redis://:{SECRET}@127.0.0.1:1']
    )

    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert SECRET not in result.output
