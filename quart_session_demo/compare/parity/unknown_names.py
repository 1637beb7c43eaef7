"""Find the names in a steps file that no response has, such as misspelled ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quart_session_demo.compare.harness.fields import KINDS, Field, matches, suggest
from quart_session_demo.compare.harness.steps import Steps
from quart_session_demo.compare.parity.comparison import StepResult

#: The kinds of fields that `random` names.
KEY_KINDS = (
    'session',
    'cookie',
)


@dataclass
class Use:
    """The use of a name in a key of a steps file.

    Attributes:
        place: Where the file uses it first, as the beginning of a message.
        steps: The steps for which the name is used.
    """

    place: str
    steps: set[str]


def unknown_names(steps: Steps, results: Sequence[StepResult]) -> list[str]:
    """Return a hint for each name in `ignore`, `fields` and `random` that no response has.

    Args:
        steps: The content of the steps file.
        results: The results of the steps that were run.
    """
    fields: dict[str, set[Field]] = {}
    for result in results:
        found = fields.setdefault(result.step.name, set())
        for response in (result.sync, result.async_):
            if response and response.error is None:
                found.update(response.fields())
    hints = []
    for (key, name), use in _uses(steps).items():
        seen = {field for step in use.steps for field in fields.get(step, ())}
        if key == 'random':
            # A cookie is sent by one step, and used by others.
            everywhere = {field for found in fields.values() for field in found}
            choices = {field.name or '' for field in everywhere if field.kind in KEY_KINDS}
            is_known = name in choices
        else:
            choices = {*map(str, seen), *KINDS}
            is_known = any(matches(field, [name]) for field in seen)
        if seen and not is_known:
            where = 'no session and no cookie has' if key == 'random' else 'no response has'
            hint = suggest(name, choices) or '; correct or remove it'
            hints.append(f'{use.place}`{key}` has {name!r}, which {where}{hint}')
    return hints


def _uses(steps: Steps) -> dict[tuple[str, str], Use]:
    """Return the use of each name, by the key and the name."""
    uses: dict[tuple[str, str], Use] = {}
    for key, name, place, used in _all_uses(steps):
        uses.setdefault((key, name), Use(place, set())).steps.update(used)
    return uses


def _all_uses(steps: Steps) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    names = [step.name for step in steps.steps]
    for name in steps.random:
        yield 'random', name, '', names
    for step in steps.steps:
        for key, used in (('ignore', step.ignore), ('random', step.random)):
            for name in used:
                yield key, name, f'step {step.name!r}: ', [step.name]
    for item in steps.declared:
        for name in item.fields:
            yield 'fields', name, f'declared {item.reason!r}: ', item.steps or names
