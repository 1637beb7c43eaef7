"""Group the differences of many steps by their cause."""

from collections.abc import Iterable
from dataclasses import dataclass

from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.compare.parity.comparison import StepResult
from quart_session_demo.compare.parity.diff import ABSENT, Difference


@dataclass(frozen=True)
class Cause:
    """Differences that probably have one cause: the same field differs in the same way.

    Attributes:
        differences: The unexpected differences, one for each step.
        varies: Whether the values are others in each step.
    """

    differences: tuple[Difference, ...]
    varies: bool = False


def find_causes(results: Iterable[StepResult]) -> list[Cause]:
    """Return the causes of all unexpected differences, those of most steps first."""
    groups: dict[tuple[Field, str, str], list[Difference]] = {}
    for result in results:
        for item in result.differences:
            if item.expected is None:
                groups.setdefault((item.field, item.sync, item.async_), []).append(item)
    causes = [Cause(tuple(group)) for group in groups.values() if len(group) > 1]
    # A random value differs in each step. All of its steps together are one cause.
    varying: dict[tuple[Field, bool, bool], list[Difference]] = {}
    for group in groups.values():
        if len(group) == 1:
            [item] = group
            key = item.field, item.sync == ABSENT, item.async_ == ABSENT
            varying.setdefault(key, []).append(item)
    causes += [Cause(tuple(group), varies=len(group) > 1) for group in varying.values()]
    return sorted(causes, key=lambda cause: -len(cause.differences))
