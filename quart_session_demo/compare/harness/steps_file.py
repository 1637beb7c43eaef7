"""Read a steps file in TOML; `docs/comparison.md` describes the format."""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from quart_session_demo.compare.harness.fields import suggest
from quart_session_demo.compare.harness.files import File, as_list
from quart_session_demo.compare.harness.step_validation import (
    validate_captured_fields,
    validate_random,
)
from quart_session_demo.compare.harness.steps import ExpectedDifference, Step, Steps

T = TypeVar('T')

#: The steps that compare the lesson's two apps.
LESSON_STEPS = Path(__file__).parent.parent / 'apps' / 'lesson' / 'steps.toml'


class StepsError(Exception):
    """A steps file is wrong. The message is one line with the file, and the step or the line."""


def load_steps(path: Path) -> Steps:
    """Read a steps file.

    Raises:
        StepsError: The file cannot be read, or is wrong.
    """
    try:
        return _parse_steps(tomllib.loads(path.read_text('utf-8')), path.parent)
    except OSError as error:
        raise StepsError(f'{path}: {error.strerror}') from None
    except RecursionError:
        raise StepsError(f'{path}: a value is nested too deeply: remove levels') from None
    # A syntax error states the line and the column.
    except ValueError as error:
        raise StepsError(f'{path}: {error}') from None


def _parse_steps(content: dict[str, Any], folder: Path) -> Steps:
    random = _parse_random(content.pop('random', []))
    if unknown := content.keys() - {'step', 'declared'}:
        name = min(unknown)
        if name in Step.__struct_encode_fields__:
            raise ValueError(f'{name!r} is a key of a step: write it below [[step]]')
        raise ValueError(
            f'{name!r} is unknown: use [[step]], [[declared]] or `random`'
            f'{suggest(name, ("random", "step", "declared"))}'
        )
    for kind, tables in content.items():
        if not isinstance(tables, list):
            raise ValueError(f'{kind!r} is not a list: write [[{kind}]], with two brackets')
    tables = content.get('step', [])
    steps = _convert('step', Step, tables)
    for step, table in zip(steps, tables, strict=True):
        if step.restart is not None and (others := table.keys() - {'name', 'restart'}):
            raise ValueError(
                f'step {step.name!r}: `restart` and `{min(others)}` exclude each other: '
                'make two steps of them'
            )
    if not any(step.path for step in steps):
        raise ValueError('no [[step]] has a path: add one')
    declared = _convert('declared', ExpectedDifference, content.get('declared', []))
    _check_names(steps, declared)
    steps = tuple(
        msgspec.structs.replace(
            step,
            random=(*random, *step.random),
            files={name: _find_files(step, files, folder) for name, files in step.files.items()},
        )
        for step in steps
    )
    return Steps(steps, declared, random)


def _parse_random(names: Any) -> tuple[str, ...]:
    try:
        random = msgspec.convert(names, tuple[str, ...])
    except msgspec.ValidationError as error:
        raise ValueError(f'`random`: {error}') from None
    validate_random(random)
    return random


def _find_files(step: Step, files: File | list[File], folder: Path) -> list[File]:
    """Return the files of a field with paths that do not depend on the current folder."""
    found = []
    for file in as_list(files):
        if file.path is not None:
            path = (folder / file.path).resolve()
            try:
                path.open('rb').close()
            except OSError as error:
                raise ValueError(
                    f'step {step.name!r}: `files`: {file.path}: {error.strerror}'
                ) from None
            file = msgspec.structs.replace(file, path=str(path))
        found.append(file)
    return found


def _convert(kind: str, type_: type[T], tables: list[Any]) -> tuple[T, ...]:
    converted = []
    for position, table in enumerate(tables, 1):
        try:
            converted.append(msgspec.convert(table, type_))
        except msgspec.ValidationError as error:
            names = table if isinstance(table, dict) else {}
            name = names.get('name', names.get('reason', position))
            raise ValueError(f'{kind} {name!r}: {error}{_suggest_key(str(error), type_)}') from None
    return tuple(converted)


def _suggest_key(message: str, type_: Any) -> str:
    """Return a hint for the unknown key that a message names, or nothing."""
    unknown = re.search(r'unknown field `(.+?)`', message)
    keys = {*type_.__struct_encode_fields__, *File.__struct_encode_fields__}
    return suggest(unknown[1], keys) if unknown else ''


def _check_names(steps: tuple[Step, ...], declared: tuple[ExpectedDifference, ...]) -> None:
    names: set[str] = set()
    captured: dict[str, dict[str, str]] = {}
    for step in steps:
        if step.name in names:
            raise ValueError(f'step {step.name!r}: an earlier step has this name: choose another')
        names.add(step.name)
        known = captured.setdefault(step.user, {})
        try:
            step.filled(known)
        except KeyError as missing:
            raise ValueError(
                f'step {step.name!r}: no earlier step of {step.user!r} captures ${missing.args[0]}'
            ) from None
        except ValueError as error:
            raise ValueError(f'step {step.name!r}: {error}') from None
        known.update(step.capture)
    for item in declared:
        for missing_step in set(item.steps) - names:
            raise ValueError(
                f'declared {item.reason!r}: there is no step {missing_step!r}'
                f'{suggest(missing_step, names)}'
            )
        captures = {
            name
            for step in steps
            if not item.steps or step.name in item.steps
            for name in step.capture
        }
        try:
            validate_captured_fields('fields', item.fields, captures)
        except ValueError as error:
            raise ValueError(f'declared {item.reason!r}: {error}') from None
