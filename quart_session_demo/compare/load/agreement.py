"""Count how many verdicts of two runs are equal."""

from dataclasses import dataclass

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.load.intervals import DIFFERENCES, Verdict
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.verdicts import Verdicts, find_reference, make_verdicts


@dataclass(frozen=True)
class Pairing:
    """The verdicts of two runs on one contender, in one scenario with one number of users.

    Attributes:
        scenario: The scenario's name.
        users: The number of concurrent users.
        contender: The contender's title.
        reference: The title of the contender with which both runs compare it.
        first: The verdict of the first run.
        second: The verdict of the second run.
    """

    scenario: str
    users: int
    contender: str
    reference: str
    first: Verdict
    second: Verdict


@dataclass(frozen=True)
class Agreement:
    """How the verdicts of two runs agree.

    Attributes:
        pairings: The verdicts on what both runs compare.
    """

    pairings: tuple[Pairing, ...]

    @property
    def total(self) -> int:
        """The number of verdicts that both runs have."""
        return len(self.pairings)

    @property
    def equal(self) -> int:
        """The number of equal verdicts."""
        return self.total - len(self.different)

    @property
    def different(self) -> list[Pairing]:
        """The verdicts that are not equal."""
        return [item for item in self.pairings if item.first is not item.second]

    @property
    def contradictions(self) -> list[Pairing]:
        """The verdicts of which one is "faster" and the other "slower"."""
        return [item for item in self.pairings if {item.first, item.second} == DIFFERENCES]

    @property
    def text(self) -> str:
        """One sentence with the counts."""
        if not self.total:
            return 'The two runs have no verdict in common.'
        count = len(self.contradictions)
        contradict = 'contradicts' if count == 1 else 'contradict'
        return (
            f'{self.equal} of {pluralize(self.total, "verdict")} are equal, '
            f'and {count or "none"} {contradict} the other run.'
        )


def agreement(first: Results, second: Results) -> Agreement:
    """Compare the verdicts of two runs, in the order of the first.

    Only what both runs compare counts: the same scenario, number of users and contender. Both are
    compared with the same reference.
    """
    others = {_key(item): item for item in make_verdicts(second)}
    return Agreement(
        tuple(
            pairing
            for item in make_verdicts(first)
            if (other := others.get(_key(item)))
            for pairing in _pairings(item, other)
        )
    )


def _key(verdicts: Verdicts) -> tuple[str, int]:
    return verdicts.scenario.name, verdicts.comparison.users


def _pairings(one: Verdicts, other: Verdicts) -> list[Pairing]:
    others = {item.name: item for item in other.comparable}
    common = [item for item in one.comparable if item.name in others]
    reference = find_reference(common)
    pairings = []
    for contender in common:
        if reference is None or contender is reference:
            continue
        first = one.ratio(contender, reference)
        second = other.ratio(others[contender.name], others[reference.name])
        if first and second:
            pairings.append(
                Pairing(*_key(one), contender.title, reference.title, first.verdict, second.verdict)
            )
    return pairings
