"""PostgreSQL started from the installed programs."""

from pathlib import Path

import pytest

from quart_session_demo.compare.harness.postgres import (
    PostgresError,
    find_program,
    start_program,
)


def test_missing_program_is_an_error() -> None:
    """A program that is not installed is an error that names it."""
    with pytest.raises(PostgresError, match='no-such-program'):
        start_program('no-such-program')


def test_program_in_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in PATH is found before that of Debian's folders."""
    program = tmp_path / 'initdb'
    program.touch(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))

    assert find_program('initdb') == str(program)
