"""Write the answer of a run: one paragraph that is true for any outcome."""

from collections.abc import Iterator, Sequence

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.intervals import DIFFERENCES, MARGIN, Verdict
from quart_session_demo.compare.load.omissions import omissions
from quart_session_demo.compare.load.results import ContenderResult, RateSample, Results
from quart_session_demo.compare.load.summary import figure
from quart_session_demo.compare.load.verdicts import (
    FAMILY_TITLES,
    FLASK,
    QUART,
    Ratio,
    Verdicts,
    make_verdicts,
    with_most_users,
)
from quart_session_demo.compare.load.wording import (
    MEGABYTE,
    compare,
    join,
    range_text,
    ratio_text,
    scenarios_text,
)

#: The part of its own peak at which the answer compares response times.
TYPICAL_LOAD = 0.8
#: How far a rate may be from it.
LOAD_TOLERANCE = 0.051
#: How the sentence of each verdict on the best servers begins.
BEGINNINGS = {
    Verdict.FASTER: 'Quart wins in',
    Verdict.SLOWER: 'Flask wins in',
    Verdict.SAME: f'There is no difference of more than {MARGIN * 100:.0f} % in',
    Verdict.UNDECIDED: 'The figures do not decide in',
}


def make_answer(results: Results) -> str:
    """Return what a run found, in sentences that all have figures."""
    return ' '.join(Answer(results).sentences())


class Answer:
    """The sentences of the answer. Each scenario counts with its highest number of users."""

    def __init__(self, results: Results) -> None:
        """Find the verdicts."""
        self._results = results
        self._verdicts = with_most_users(make_verdicts(results))
        self._users = {item.comparison.users for item in self._verdicts}

    def sentences(self) -> Iterator[str]:
        """Yield the sentences, those on Flask and Quart first."""
        yield from self._interruption()
        yield from self._opening()
        yield from self._best_servers()
        yield from self._memory()
        yield from self._server_choice()
        yield from self._sync_views()
        yield from self._response_times()
        yield from self._given_rates()
        yield from omissions(self._results, self._verdicts, self._name)

    def _interruption(self) -> Iterator[str]:
        if not self._results.complete:
            seconds = round(self._results.seconds)
            time = pluralize(round(seconds / 60), 'minute')
            if seconds < 120:
                time = pluralize(seconds, 'second')
            yield f'The run was interrupted after {time}, so its figures are incomplete.'

    def _opening(self) -> Iterator[str]:
        count = self._results.settings.get('processes', '1')
        processes = 'one process' if count == '1' else f'{count} worker processes'
        place = f'On {_machine(self._results.machine)}, each server with {processes},'
        if not self._verdicts:
            number = len({sample.scenario for sample in self._results.rates})
            scenarios = '1 scenario was' if number == 1 else f'{number} scenarios were'
            yield f'{place} {scenarios} measured{" at fixed rates" if number else ""}.'
            return
        number = len(self._verdicts)
        scenarios = '1 scenario was' if number == 1 else f'{number} scenarios were'
        most = f'{"up to " if len(self._users) > 1 else ""}{pluralize(max(self._users), "user")}'
        yield f'{place} {scenarios} measured with {most}.'
        compared = [item for item in self._verdicts if len(item.comparable) > 1]
        by_time = [self._name(item) for item in compared if item.scenario.metric == 'p95']
        speeds = ['requests per second'] if len(by_time) < len(compared) else []
        if by_time:
            speeds.append(f'the inverse of the p95 in {join(by_time)}')
        if speeds:
            yield f'Speed is {join(speeds)}, with 95 % confidence intervals in brackets.'

    def _best_servers(self) -> Iterator[str]:
        """Yield what was found between the best Quart server and the best Flask server."""
        groups: dict[Verdict, list[str]] = {verdict: [] for verdict in BEGINNINGS}
        for item in self._verdicts:
            if pair := item.best_pair:
                groups[pair.verdict].append(f'in {self._name(item)} {_pair(pair, item)}')
        total = sum(map(len, groups.values()))
        for verdict, found in groups.items():
            if found:
                part = scenarios_text(len(found), total)
                yield f'{BEGINNINGS[verdict]} {part}: {"; ".join(found)}.'
            elif total > 1 and verdict is Verdict.FASTER:
                yield f'Quart was found to be faster in 0 of {total} scenarios.'
            elif total > 1 and verdict is Verdict.SLOWER:
                yield f'Flask was found to be faster in 0 of {total} scenarios.'

    def _memory(self) -> Iterator[str]:
        values: dict[str, list[float]] = {'Quart': [], 'Flask': []}
        for item in self._verdicts:
            if pair := item.best_pair:
                servers = {'Quart': pair.first, 'Flask': pair.second}
                for title, server in servers.items():
                    if (found := figure(server, 'memory')) and found.median:
                        values[title].append(found.median / MEGABYTE)
        items = [f'{range_text(found)} MB ({title})' for title, found in values.items() if found]
        if items:
            yield f'In memory, these servers use {join(items)}.'

    def _server_choice(self) -> Iterator[str]:
        """Yield what the choice of a server changes at most: of Quart's or, without, of Flask's."""
        servers = {QUART: [item.quart for item in self._verdicts]}
        if not any(servers[QUART]):
            servers = {FLASK: [item.flask for item in self._verdicts]}
        for family, ranked in servers.items():
            pairs = [
                (ratio, item, len(found))
                for item, found in zip(self._verdicts, ranked, strict=True)
                if len(found) > 1 and (ratio := item.ratio(found[0], found[-1]))
            ]
            if not pairs:
                return
            decided = [pair for pair in pairs if pair[0].verdict is Verdict.FASTER]
            ratio, item, count = max(decided or pairs, key=lambda pair: pair[0].interval.ratio)
            title = FAMILY_TITLES[family]
            if decided:
                slowest = 'the slower of 2' if count == 2 else f'the slowest of {count}'
                yield (
                    f"The choice of {title}'s server matters most in {self._name(item)}: "
                    f'{compare(ratio, item.scenario)}, {slowest}.'
                )
            else:
                yield (
                    f"The figures do not decide which of {title}'s {count} servers is the fastest; "
                    f'the largest ratio is {ratio_text(ratio)}, of {ratio.first.title} to '
                    f'{ratio.second.title} in {self._name(item)}.'
                )

    def _sync_views(self) -> Iterator[str]:
        ratios = [
            (ratio, item)
            for item in self._verdicts
            if item.sync_views
            and item.flask
            and (ratio := item.ratio(item.sync_views, item.flask[0]))
        ]
        if not ratios:
            return
        ratios.sort(key=lambda pair: pair[0].interval.ratio)
        (lowest, place), (highest, other_place) = ratios[0], ratios[-1]
        text = f'{ratio_text(lowest, " times")} as fast as the best Flask server'
        if lowest is highest:
            yield f'Quart with unchanged sync views is {text} in {self._name(place)}.'
        else:
            yield (
                f'Quart with unchanged sync views is between {text}, in {self._name(place)}, and '
                f'{ratio_text(highest, " times")}, in {self._name(other_place)}.'
            )

    def _response_times(self) -> Iterator[str]:
        items = []
        for item in self._verdicts:
            times = [
                f'{format_number(sample.p99)} ms for {sample.title} '
                f'({format_number(sample.rate)} requests/s)'
                for family in (item.quart, item.flask)
                if (sample := self._typical_load(item, family))
            ]
            if len(times) == 2:
                items.append(f'{join(times)} in {self._name(item)}')
        if items:
            percent = f'{TYPICAL_LOAD * 100:.0f} %'
            yield f'At {percent} of its own peak, the p99 response time is {"; ".join(items)}.'

    def _given_rates(self) -> Iterator[str]:
        """Yield the response times of a run that only has the user's own rates."""
        groups: dict[tuple[str, float], list[str]] = {}
        for sample in self._results.rates:
            if sample.peak is None and sample.requests and not (sample.void or sample.failures):
                text = f'{format_number(sample.p99)} ms for {sample.title}'
                groups.setdefault((sample.scenario, sample.rate), []).append(text)
        for (scenario, rate), times in groups.items():
            place = f'In `{scenario}` at {format_number(rate)} requests/s'
            yield f'{place}, the p99 response time is {join(times)}.'

    def _typical_load(
        self, item: Verdicts, servers: Sequence[ContenderResult]
    ) -> RateSample | None:
        """Return the sample at `TYPICAL_LOAD` of the fastest server that has one."""
        samples = {
            sample.contender: sample
            for sample in self._results.rates
            if sample.scenario == item.scenario.name
            and sample.peak
            and abs(sample.rate / sample.peak - TYPICAL_LOAD) <= LOAD_TOLERANCE
            and not (sample.void or sample.failures)
            and sample.requests
        }
        return next((samples[item.name] for item in servers if item.name in samples), None)

    def _name(self, item: Verdicts) -> str:
        name = f'`{item.scenario.name}`'
        # The first sentence states a number of users that all scenarios share.
        if len(self._users) == 1:
            return name
        return f'{name} with {pluralize(item.comparison.users, "user")}'


def _pair(pair: Ratio, item: Verdicts) -> str:
    if pair.verdict in DIFFERENCES:
        return compare(pair, item.scenario)
    speed = 'speed (by p95)' if item.scenario.metric == 'p95' else 'speed'
    return f'{pair.first.title} has {ratio_text(pair, " times")} the {speed} of {pair.second.title}'


def _machine(machine: dict[str, str]) -> str:
    count = machine.get('processors', '')
    processors = f'{count or "an unknown number of"} processor{"" if count == "1" else "s"}'
    model = f' ({name})' if (name := machine.get('processor')) else ''
    memory = f' and {size} of memory' if (size := machine.get('memory')) else ''
    return f'a machine with {processors}{model}{memory}'
