"""Plans that measure the small servers of `tests/apps` in place of the contenders."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.load.contenders import Contender
from quart_session_demo.compare.load.plan import Plan
from quart_session_demo.compare.load.scenarios import Scenario
from tests.compare.load.generated_load import OK, made_up, server_command

#: Each response of these servers is `ok`.
SCENARIO = made_up(OK)
#: A server that exits during its third request.
DYING = server_command('load_server', 'Dying')
#: A server that does not start.
BROKEN = ServerCommand('', (sys.executable, '-c', 'raise SystemExit("no memory")'))


@dataclass(frozen=True)
class MadeUpPlan(Plan):
    """A plan with contenders of its own.

    Attributes:
        servers: How to start them, by their names.
    """

    scenarios: tuple[Scenario, ...] = (SCENARIO,)
    users: tuple[int, ...] = (8,)
    servers: Mapping[str, ServerCommand] | None = None

    def contenders(self, scenario: Scenario, users: int) -> list[Contender]:
        """Return all servers; each name is also the title."""
        servers = self.servers or {}
        return [Contender(name, replace(server, name=name)) for name, server in servers.items()]


def slow(*milliseconds: float) -> ServerCommand:
    """Return a server that serves one request after the other, each in this time.

    With several times it uses the next one after each pause, such as that between two slices.
    """
    return server_command('one_at_a_time', *(str(time / 1000) for time in milliseconds))
