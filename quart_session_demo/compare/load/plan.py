"""What `compare load` measures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from quart_session_demo.compare.load.contenders import Contender, Pair, contenders, lesson_pair
from quart_session_demo.compare.load.intervals import MIN_BLOCKS
from quart_session_demo.compare.load.scenarios import Scenario

#: The length of the unmeasured first part of each slice, compared with the measured part.
WARM_UP_RATIO = 0.4
#: After this number of blocks the servers are restarted: two processes of one server differ, too.
BLOCKS_PER_START = 5
#: A load generator that is busy for this part of its time may be the limit: a second one starts.
BUSY_GENERATOR = 0.75
#: The number of load generators where one is not enough.
MAX_GENERATORS = 2
#: How many blocks are added where the first ones decide nothing.
ADDED_BLOCKS = 8
#: The contenders whose latency at fixed rates is measured, unless contenders are chosen.
RATE_CONTENDERS = (
    'flask-threads',
    'flask-gevent',
    'quart-hypercorn',
    'quart-granian',
)
#: The parts of a server's own peak at which its latency is measured.
PEAK_RATIOS = (0.5, 0.7, 0.8, 0.9)
#: The numbers of concurrent users of a full run and of a quick one.
DEFAULT_USERS = (256,)
QUICK_USERS = (32,)
#: The estimated time to start and stop a server.
ESTIMATED_START = 0.7
#: The estimated time between two slices.
ESTIMATED_PAUSE = 0.3
#: How many slices are measured at each rate.
RATE_SLICES = 3
#: How much longer they are than those of a closed loop: a queue needs time to grow.
RATE_SLICE_FACTOR = 2


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        scenarios: What the users do.
        pair: A user's own two apps; None for those of each scenario.
        users: The numbers of concurrent users.
        names: The names of the contenders; empty for all.
        processes: The number of worker processes of each server.
        blocks: How many blocks are measured.
        adds_blocks: Whether blocks are added where the first ones decide nothing.
        seconds: The length of a slice.
        rates: Measure only these rates of requests per second, if there are any.
        has_rates: Whether scenarios that have rates are also measured at parts of the peak.
        postgres: The URL of a database; None starts one.
        left_out: Why contenders are not measured, by their names.
        seed: The seed of all random orders and times.
    """

    scenarios: tuple[Scenario, ...]
    pair: Pair | None = None
    users: tuple[int, ...] = DEFAULT_USERS
    names: tuple[str, ...] = ()
    processes: int = 1
    blocks: int = 15
    adds_blocks: bool = True
    seconds: float = 1
    rates: tuple[float, ...] = ()
    has_rates: bool = True
    postgres: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0

    @property
    def added_blocks(self) -> int:
        """How many blocks are added where the first ones decide nothing."""
        # Where so few are wanted that they have no verdict, more are not wanted either.
        return ADDED_BLOCKS if self.adds_blocks and self.blocks >= MIN_BLOCKS else 0

    @property
    def closed_loop_users(self) -> tuple[int, ...]:
        """The numbers of users with which each scenario is measured in a closed loop."""
        return () if self.rates else self.users

    def contenders(self, scenario: Scenario, users: int) -> list[Contender]:
        """Return the contenders that are measured; those with the same title are measured once."""
        pair = self.pair or lesson_pair(scenario.apps)
        everyone = contenders(pair, users, self.processes)
        titles: set[str] = set()
        chosen = []
        for contender in everyone:
            title = contender.server.name
            is_chosen = not self.names or contender.name in self.names
            if is_chosen and contender.name not in self.left_out and title not in titles:
                titles.add(title)
                chosen.append(contender)
        return chosen

    def rate_contenders(self, scenario: Scenario) -> list[Contender]:
        """Return the contenders that are measured at fixed rates."""
        names = self.names or RATE_CONTENDERS
        return [item for item in self.contenders(scenario, max(self.users)) if item.name in names]

    def app_processes(self, scenario: Scenario) -> int:
        """Return in how many processes the apps of all contenders run."""
        users = max(self.users)
        return len(self.contenders(scenario, users)) * self.processes

    def measures_rates(self, scenario: Scenario) -> bool:
        """Return whether a scenario is measured at fixed rates."""
        return bool(self.rates) or (self.has_rates and scenario.has_rates)

    def estimated_seconds(self) -> float:
        """Return about how long the run takes."""
        seconds = 5.0
        for scenario in self.scenarios:
            for users in self.closed_loop_users:
                slices = len(self.contenders(scenario, users)) * self.blocks
                starts = slices / BLOCKS_PER_START
                length = self.seconds * (1 + WARM_UP_RATIO) + ESTIMATED_PAUSE
                seconds += slices * length + starts * (length + ESTIMATED_START)
            if self.measures_rates(scenario):
                slices = len(self.rate_contenders(scenario)) * RATE_SLICES
                slices *= len(self.rates or PEAK_RATIOS)
                length = self.seconds * (RATE_SLICE_FACTOR + WARM_UP_RATIO)
                seconds += slices * (length + ESTIMATED_PAUSE)
        return seconds

    def settings(self) -> dict[str, str]:
        """Return the options as text, for the report."""
        blocks = str(self.blocks)
        if self.added_blocks:
            blocks += f', and {self.added_blocks} more where these decide nothing'
        settings = {
            'scenarios': ', '.join(scenario.name for scenario in self.scenarios),
            'users': ', '.join(map(str, self.users)),
            'contenders': ', '.join(self.names) or 'all',
            'processes': str(self.processes),
            'blocks': blocks,
            'slice': f'{self.seconds:g} s',
            'seed': str(self.seed),
        }
        if self.rates:
            settings['rates'] = ', '.join(f'{rate:g}/s' for rate in self.rates)
        if self.pair:
            settings |= {'sync': self.pair.sync, 'async': self.pair.async_}
        return settings


def make_quick(plan: Plan) -> Plan:
    """Return a plan of less than five minutes: its first scenario, without fixed rates."""
    return replace(plan, scenarios=plan.scenarios[:1], adds_blocks=False, has_rates=False)
