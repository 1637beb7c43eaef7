"""Measure the speed of the servers side by side, as `compare load` does."""

from collections.abc import Sequence
from dataclasses import dataclass

from servers import ServerKind

from quart_session_demo.compare.harness.servers import clear_app_settings
from quart_session_demo.compare.load.contenders import (
    PRODUCTION_ENVIRONMENT,
    Contender,
    lesson_pair,
)
from quart_session_demo.compare.load.open_files import raise_limit
from quart_session_demo.compare.load.plan import Plan
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Comparison
from quart_session_demo.compare.load.scenarios import SESSION, Scenario
from quart_session_demo.compare.load.side_by_side import SideBySide
from quart_session_demo.compare.load.verdicts import Verdicts


@dataclass(frozen=True)
class SpeedPlan(Plan):
    """A plan that measures the lesson's app, started with the lines that are documented.

    Attributes:
        servers: The servers. The first is the reference.
    """

    servers: Sequence[ServerKind] = ()

    def contenders(self, scenario: Scenario, users: int) -> list[Contender]:
        """Return the servers, with the settings of production."""
        pair = lesson_pair(scenario.apps)
        environment = {**pair.environment, **PRODUCTION_ENVIRONMENT}
        return [
            Contender(server.name, server.command(pair.async_, **environment))
            for server in self.servers
        ]


def measure_speed(
    servers: Sequence[ServerKind], users: int, blocks: int, seconds: float
) -> Verdicts:
    """Put load on one server after the other, in each block in another order.

    Args:
        servers: Servers with two processes.
        users: The number of concurrent users.
        blocks: How often each server is measured.
        seconds: For how long it is measured each time.

    Raises:
        LoadError: The load generator failed.
    """
    clear_app_settings()
    raise_limit()
    plan = SpeedPlan(
        (SESSION,),
        processes=2,
        blocks=blocks,
        adds_blocks=False,
        seconds=seconds,
        servers=servers,
    )
    progress = Progress(plan.estimated_seconds())
    progress.begin('speed')
    comparison = Comparison(SESSION.name, users)
    SideBySide(plan, SESSION, users, {}, comparison, progress).measure()
    progress.clear()
    return Verdicts(comparison, SESSION)
