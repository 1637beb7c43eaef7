"""Check the options with which a command compares a user's own apps."""

from pathlib import Path

import click

from quart_session_demo.cli.checks import CommandError


def check_own_apps(sync_app: str | None, async_app: str | None, steps_file: Path | None) -> None:
    """Check that --sync, --async and --steps are used together, and name apps.

    Raises:
        UsageError: Only some of the options are used.
        CommandError: An app is not written as `MODULE:APP`.
    """
    own_apps = (sync_app, async_app, steps_file)
    if all(value is None for value in own_apps):
        return
    if not all(own_apps):
        raise click.UsageError('--sync, --async and --steps need each other: use all three')
    _check_name('--sync', sync_app)
    _check_name('--async', async_app)


def check_own_port(async_app: str | None, steps_file: Path | None) -> None:
    """Check that --async and --steps are used together, and name an app.

    Raises:
        UsageError: Only one of the options is used.
        CommandError: The app is not written as `MODULE:APP`.
    """
    if async_app is None and steps_file is None:
        return
    if not (async_app and steps_file):
        raise click.UsageError('--async and --steps need each other: use both')
    _check_name('--async', async_app)


def _check_name(option: str, app: str | None) -> None:
    module, _, name = (app or '').partition(':')
    if not module or not name or module.endswith('.py') or '/' in module:
        path = (module or 'module').removesuffix('.py').strip('./').replace('/', '.')
        raise CommandError(
            f'{option} is {app!r}, which is not MODULE:APP: write the module and the name of '
            f'the app in it, such as {path}:{name or "app"}'
        )
