"""requirements.txt pins what the deployed app needs, and is made by the command that it names."""

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
    """Return the values of the markers on Linux with a version of Python."""
    return {
        'python_full_version': python,
        'python_version': python.rpartition('.')[0],
        'sys_platform': 'linux',
    }


def pins(text: str) -> list[Requirement]:
    """Return the requirements in a requirements file."""
    return [Requirement(line.removesuffix(' \\')) for line in re.findall(r'^\w.*', text, re.M)]


def declared(extra: str | None = None) -> Iterator[Requirement]:
    """Yield the requirements of pyproject.toml or of one extra, other extras of ours included."""
    for line in PROJECT['optional-dependencies'][extra] if extra else PROJECT['dependencies']:
        requirement = Requirement(line)
        if requirement.name == PROJECT['name']:
            for other in requirement.extras:
                yield from declared(other)
        else:
            yield requirement


@pytest.mark.parametrize('python', PYTHONS)
def test_each_dependency_has_one_satisfying_pin(python: str) -> None:
    """On each version of Python, each dependency has exactly one pin, and it satisfies it."""
    markers = environment(python)
    by_name: dict[str, list[Requirement]] = {}
    for pin in pins(FILE.read_text('utf-8')):
        if not pin.marker or pin.marker.evaluate(markers):
            by_name.setdefault(pin.name, []).append(pin)

    for requirement in [*declared(), *declared('deploy')]:
        if requirement.marker and not requirement.marker.evaluate(markers):
            continue
        (pin,) = by_name[requirement.name]
        (version,) = pin.specifier
        assert version.operator == '=='
        assert requirement.specifier.contains(version.version), f'{requirement} and {pin}'
    assert all(len(found) == 1 for found in by_name.values())


def test_direct_pins_are_the_declared_dependencies() -> None:
    """The file attributes to the project exactly the packages that pyproject.toml names."""
    entries = re.findall(r'^\w[^#]*(?:    #.*\n)+', FILE.read_text('utf-8'), re.M)

    direct = {
        pins(entry)[0].name
        for entry in entries
        if f'{PROJECT["name"]} (' in entry.replace('-', '_')
    }

    assert direct == {requirement.name for requirement in [*declared(), *declared('deploy')]}


def test_both_lines_of_quart_are_pinned() -> None:
    """Python 3.11 and 3.12 get Quart 0.22, later versions Quart 0.23."""
    versions = {
        str(pin.specifier)
        for python in PYTHONS
        for pin in pins(FILE.read_text('utf-8'))
        if pin.name == 'quart' and pin.marker and pin.marker.evaluate(environment(python))
    }

    assert {version[:6] for version in versions} == {'==0.22', '==0.23'}


def test_each_pin_has_hashes_and_no_address() -> None:
    """Each pin has hashes, and the file names no address and no option."""
    text = FILE.read_text('utf-8')

    for entry in re.split(r'^(?=\w)', text, flags=re.M)[1:]:
        assert '--hash=sha256:' in entry
    assert '://' not in text
    assert not re.search(r'^-', text, re.M)


def test_no_other_lock_file_exists() -> None:
    """The repository has one lock file: Heroku's buildpack fails if it finds two."""
    for name in ('Pipfile', 'Pipfile.lock', 'poetry.lock', 'uv.lock', 'setup.py', 'runtime.txt'):
        assert not (ROOT / name).exists()


def test_file_names_its_command() -> None:
    """The file states the command that made it; docs/deployment.md shows the same."""
    assert COMMAND in FILE.read_text('utf-8')


def test_command_makes_the_file(tmp_path: Path) -> None:
    """The command makes the file again, with the same pins while they satisfy pyproject.toml."""
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
        pytest.skip('the package index does not answer: connect to the network')
    assert result.returncode == 0, result.stderr
    assert pins((tmp_path / 'requirements.txt').read_text('utf-8')) == pins(FILE.read_text('utf-8'))
