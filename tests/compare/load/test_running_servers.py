"""The servers of all contenders run at once."""

from pathlib import Path

from quart_session_demo.compare.load.contenders import Contender
from quart_session_demo.compare.load.running_servers import RunningServers
from tests.compare.load.generated_load import server_command
from tests.compare.load.made_up_plan import SCENARIO


def test_servers_stop_at_the_same_time(tmp_path: Path) -> None:
    """All servers get the signal before one of them is waited for."""
    server = server_command('stops_with_others', str(tmp_path), '3')
    names = ['flask-sync', 'flask-gevent', 'quart-granian']

    with RunningServers([Contender(name, server) for name in names], {}, SCENARIO, 1) as servers:
        assert list(servers.starts) == names

    assert len([*tmp_path.glob('ended-*')]) == 3
