"""Checks before the commands start, and the error of a command that cannot run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from quart import Quart
from quart.cli import ScriptInfo

from quart_session_demo.sessions.extras import install_command
from quart_session_demo.terminal import discard, standard_error


class CommandError(click.ClickException):
    """The command could not run: one line on standard error, and exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the message, in the terminal's width."""
        standard_error().print(self.format_message(), prefix='Error: ', color='red')


class CheckError(CommandError):
    """What the command was to check is wrong: one line on standard error, and exit status 1."""

    exit_code = 1


@contextmanager
def reported_errors(*types: type[Exception]) -> Iterator[None]:
    """Turn errors of these types, and OSError, into a `CommandError` with the same message."""
    try:
        yield
    except types as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        discard(sys.stdout)
        if isinstance(error, BrokenPipeError):
            # The reader, such as `head`, has what it wants.
            raise click.exceptions.Exit(CommandError.exit_code) from None
        raise CommandError(str(error)) from None


def require_extra(extra: str, *packages: str) -> None:
    """Raise `CommandError` if a package of an extra is not installed."""
    if any(find_spec(package) is None for package in packages):
        raise CommandError(f'this command needs the extra {extra!r}: {install_command(extra)}')


def load_valid_app(info: ScriptInfo) -> Quart:
    """Return the app of a command.

    Raises:
        CheckError: A setting to do with sessions is invalid; the message names all of them.
    """
    from quart_session_demo.deploy_check import setting_errors

    app = info.load_app()
    if errors := setting_errors(app):
        raise CheckError('; '.join(f'{name} {error}' for name, error in errors.items()))
    return app


def require_posix() -> None:
    """Raise `CommandError` on Windows."""
    if sys.platform == 'win32':
        raise CommandError(
            'compare needs gunicorn, which does not run on Windows: use Linux, macOS or another '
            'POSIX system'
        )


def require_writable(path: Path) -> None:
    """Raise `CommandError` if a file cannot be written. Its content does not change."""
    is_new = not path.exists()
    try:
        path.open('ab').close()
    except OSError as error:
        raise CommandError(f'{path}: {error.strerror}') from None
    if is_new:
        path.unlink()
