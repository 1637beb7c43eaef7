"""requirements.txt is what the deployed app needs, pinned, and made by the command it names."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

FILE = ROOT / 'requirements.txt'
PROJECT = tomllib.loads((ROOT / 'pyproject.toml').read_text('utf-8'))['project']
PYTHONS = ('3.11.0', '3.11.9', '3.12.9', '3.13.0', '3.14.0')
COMMAND = (
    'uv pip compile pyproject.toml --extra deploy --universal --python-version 3.11 '
    '--generate-hashes -o requirements.txt'
)


def environment(python: str) -> dict[str, str]:
    return {
        'python_full_version': python,
        'python_version': python.rpartition('.')[0],
        'sys_platform': 'linux',
    }


def pins(text: str) -> list[Requirement]:
    return [Requirement(line.removesuffix(' \\')) for line in re.findall(r'^\w.*', text, re.M)]


def wanted(extra: str | None = None) -> Iterator[Requirement]:
    """Yield what pyproject.toml asks for, with its own extras replaced by what they hold."""
    for line in PROJECT['optional-dependencies'][extra] if extra else PROJECT['dependencies']:
        requirement = Requirement(line)
        if requirement.name == PROJECT['name']:
            for other in requirement.extras:
                yield from wanted(other)
        else:
            yield requirement


@pytest.mark.parametrize('python', PYTHONS)
def test_every_dependency_has_one_pin_that_satisfies_it(python: str) -> None:
    here = environment(python)
    by_name: dict[str, list[Requirement]] = {}
    for pin in pins(FILE.read_text('utf-8')):
        if not pin.marker or pin.marker.evaluate(here):
            by_name.setdefault(pin.name, []).append(pin)

    for requirement in [*wanted(), *wanted('deploy')]:
        if requirement.marker and not requirement.marker.evaluate(here):
            continue
        (pin,) = by_name[requirement.name]
        (version,) = pin.specifier
        assert version.operator == '=='
        assert requirement.specifier.contains(version.version), f'{requirement} and {pin}'
    assert all(len(found) == 1 for found in by_name.values())


def test_nothing_is_asked_for_that_the_project_does_not_name() -> None:
    entries = re.findall(r'^\w[^#]*(?:    #.*\n)+', FILE.read_text('utf-8'), re.M)

    direct = {
        pins(entry)[0].name
        for entry in entries
        if f'{PROJECT["name"]} (' in entry.replace('-', '_')
    }

    assert direct == {requirement.name for requirement in [*wanted(), *wanted('deploy')]}


def test_quart_of_both_lines_is_pinned() -> None:
    versions = {
        str(pin.specifier)
        for python in PYTHONS
        for pin in pins(FILE.read_text('utf-8'))
        if pin.name == 'quart' and pin.marker and pin.marker.evaluate(environment(python))
    }

    assert {version[:6] for version in versions} == {'==0.22', '==0.23'}


def test_every_pin_has_hashes_and_there_is_no_address() -> None:
    text = FILE.read_text('utf-8')

    for entry in re.split(r'^(?=\w)', text, flags=re.M)[1:]:
        assert '--hash=sha256:' in entry
    assert '://' not in text
    assert not re.search(r'^-', text, re.M)


def test_no_other_lock_file_confuses_the_buildpack() -> None:
    # heroku-buildpack-python stops when it finds two.
    for name in ('Pipfile', 'Pipfile.lock', 'poetry.lock', 'uv.lock', 'setup.py', 'runtime.txt'):
        assert not (ROOT / name).exists()


def test_file_and_readme_name_the_command() -> None:
    assert COMMAND in FILE.read_text('utf-8')
    assert COMMAND in (ROOT / 'README.md').read_text('utf-8')


def test_command_makes_the_file(tmp_path: Path) -> None:
    """It keeps pins that still satisfy pyproject.toml; without a file it would take the newest."""
    for name in ('pyproject.toml', 'requirements.txt'):
        shutil.copy(ROOT / name, tmp_path)

    result = subprocess.run(
        [sys.executable, '-m', *COMMAND.split()],
        cwd=tmp_path,
        env={**os.environ, 'UV_HTTP_RETRIES': '1'},
        capture_output=True,
        text=True,
    )

    if 'error sending request' in result.stderr:
        pytest.skip('no package index in reach: connect to the network')
    assert result.returncode == 0, result.stderr
    assert pins((tmp_path / 'requirements.txt').read_text('utf-8')) == pins(FILE.read_text('utf-8'))
