"""State what limits the reliability of a run's figures."""

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.intervals import MIN_BLOCKS
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.verdicts import Verdicts, make_verdicts
from quart_session_demo.compare.load.wording import join


def make_notes(results: Results) -> list[str]:
    """Return the notes of the run, and those that follow from its figures."""
    verdicts = make_verdicts(results)
    notes = list(results.notes)
    if not results.complete:
        notes.append('The run was interrupted: what is missing was not measured.')
    if any(item.limited for item in verdicts):
        reach = f' ({format_number(results.ceiling)} requests/s)' if results.ceiling else ''
        notes.append(
            f'The load generator{reach} was the limit in some comparisons. ≥ marks the lower bound '
            'of a figure, ≤ an upper bound, and ~ the ratio of two limited servers.'
        )
    if places := [_place(item) for item in verdicts if _has_few_blocks(item)]:
        notes.append(
            f'Fewer than {MIN_BLOCKS} blocks have no interval, and no verdict: {join(places)}.'
        )
    if count := sum(sample.void for sample in results.rates):
        rates = pluralize(count, 'measurement')
        verb = 'is' if count == 1 else 'are'
        notes.append(
            f'{rates} at a fixed rate {verb} void: the load generator fell behind its schedule.'
        )
    notes += [
        f'`{name}` was not measured: {reason.rstrip(".")}.'
        for name, reason in results.skipped.items()
    ]
    return notes


def _place(verdicts: Verdicts) -> str:
    users = pluralize(verdicts.comparison.users, 'user')
    return f'`{verdicts.scenario.name}` with {users}'


def _has_few_blocks(verdicts: Verdicts) -> bool:
    return any(
        not ratio.interval.is_known
        for contender in verdicts.comparable
        if (ratio := verdicts.ratio_to_reference(contender))
    )
