"""Read a Dockerfile and a .dockerignore, and run the build in folders instead of an image."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the names and arguments of a Dockerfile's instructions."""
    lines = [line for line in dockerfile.splitlines() if not line.startswith('#')]
    joined = '\n'.join(lines).replace('\\\n', '')
    return [
        (name, arguments.strip())
        for name, _, arguments in (line.partition(' ') for line in joined.splitlines() if line)
    ]


def exec_form(arguments: str) -> list[str]:
    """Return the words of a command in exec form, after options and the word CMD."""
    words: list[str] = json.loads(arguments[arguments.index('[') :])
    return words


def environment(dockerfile: str) -> dict[str, str]:
    """Return the variables that the ENV instructions set."""
    assignments = [
        word.partition('=')
        for name, arguments in instructions(dockerfile)
        if name == 'ENV'
        for word in shlex.split(arguments)
    ]
    return {name: value for name, _, value in assignments}


def is_ignored(path: str, dockerignore: str) -> bool:
    """Return whether a build leaves out a file: the last pattern that matches decides.

    A pattern matches a file, or a folder with all that is in it.
    """
    parts = path.split('/')
    paths = ['/'.join(parts[:count]) for count in range(1, len(parts) + 1)]
    ignored = False
    for line in dockerignore.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith('#'):
            expression = _expression(pattern.removeprefix('!'))
            if any(re.fullmatch(expression, candidate) for candidate in paths):
                ignored = not pattern.startswith('!')
    return ignored


def _expression(pattern: str) -> str:
    parts = re.split(r'(\*\*/|\*)', pattern)
    wildcards = {'**/': '(?:.*/)?', '*': '[^/]*'}
    return ''.join(wildcards.get(part, re.escape(part)) for part in parts)


def build(source: Path, image: Path) -> None:
    """Run the Dockerfile of a folder: a virtual environment replaces the Python of the image.

    Args:
        source: The folder with the Dockerfile, its .dockerignore and what it copies.
        image: A folder for the virtual environment `venv` and the working directory `app`.
    """
    app = image / 'app'
    app.mkdir(parents=True)
    subprocess.run(
        [sys.executable, '-m', 'venv', '--without-pip', image / 'venv'], check=True, timeout=60
    )
    # This is faster than a pip of its own.
    pip = image / 'venv/bin/pip'
    pip.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --python {pip.parent}/python "$@"\n')
    pip.chmod(0o755)
    for name, arguments in instructions((source / 'Dockerfile').read_text('utf-8')):
        if name == 'COPY':
            _copy(source, app, *arguments.split())
        elif name == 'RUN':
            _run(arguments, app, image / 'venv/bin')


def _copy(source: Path, app: Path, name: str, target: str) -> None:
    dockerignore = (source / '.dockerignore').read_text('utf-8')
    origin = source / name
    for path in [origin] if origin.is_file() else origin.rglob('*'):
        relative = path.relative_to(source).as_posix()
        if path.is_file() and not is_ignored(relative, dockerignore):
            # A folder's content is copied; a file is copied into `.`.
            copy = app / target / path.relative_to(source if origin.is_file() else origin)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


def _run(command: str, app: Path, programs: Path) -> None:
    variables = {name: os.environ[name] for name in os.environ if not name.startswith('PYTHON')}
    variables |= {'PATH': f'{programs}:{os.defpath}', 'PIP_RETRIES': '1', 'PIP_QUIET': '1'}
    result = subprocess.run(
        ['sh', '-c', command], cwd=app, env=variables, capture_output=True, text=True
    )
    if 'connection broken' in result.stderr:
        pytest.skip('no package index in reach: connect to the network')
    assert result.returncode == 0, result.stderr
