"""`check-deploy`: report settings and stores that are unsafe in production."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from quart import Quart
from quart.cli import ScriptInfo, pass_script_info

from quart_session_demo.cli.checks import reported_errors
from quart_session_demo.cli.command import Command, run_async
from quart_session_demo.signals import Interrupted
from quart_session_demo.terminal import Terminal, print_json, standard_output

if TYPE_CHECKING:
    from quart_session_demo.sessions.base import Finding

#: The colors of the levels.
COLORS = {'error': 'red', 'warning': 'yellow'}


@click.command(
    cls=Command,
    example='check-deploy --strict',
    statuses={
        0: 'No error was found and, with --strict, no warning.',
        1: 'An error was found or, with --strict, a warning.',
        2: 'The arguments are wrong, or the findings could not be printed.',
    },
)
@click.option('--strict', is_flag=True, help='Fail on warnings too.')
@click.option('--json', 'as_json', is_flag=True, help='Print the findings as JSON.')
@pass_script_info
def check_deploy(info: ScriptInfo, strict: bool, as_json: bool) -> None:
    """Find settings that are unsafe in production."""
    from quart_session_demo.deploy_check import check_settings, check_store

    app = info.load_app()
    findings = check_settings(app)
    stopped: Interrupted | None = None
    try:
        findings += run_async(check_store(app))
    except Interrupted as stop:
        stopped = stop
    fails = any(strict or finding.level == 'error' for finding in findings)
    with reported_errors():
        if as_json:
            print_json([asdict(finding) for finding in findings])
        else:
            _print_report(
                standard_output(), app, findings, fails=fails, stopped=stopped is not None
            )
    if stopped:
        raise stopped
    if fails:
        sys.exit(1)


def _print_report(
    terminal: Terminal,
    app: Quart,
    findings: Sequence['Finding'],
    *,
    fails: bool,
    stopped: bool,
) -> None:
    for finding in findings:
        text = f'{finding.id}: {finding.message.rstrip(".?")}. {finding.remedy}.'
        color = COLORS[finding.level]
        terminal.print(text, prefix=f'{finding.level} ', indent=2, color=color)
    if stopped:
        terminal.print('Stopped before the session store was checked.', color='red')
    elif unknown := _unknown_interface(app):
        terminal.print(f'No store was checked: {unknown} cannot be asked.')
    if findings:
        errors = sum(finding.level == 'error' for finding in findings)
        counts = f'{_count(errors, "error")} and {_count(len(findings) - errors, "warning")} found.'
        terminal.print(counts, color='red' if fails else 'yellow')
    elif not stopped:
        terminal.print(f'No problems found. Checked: {_checked(app)}.', color='green')


def _unknown_interface(app: Quart) -> str | None:
    """Return the class of a session interface that has a store which cannot be asked."""
    from quart_session_demo.sessions.base import SessionInterface, stores_in_cookie

    interface = app.session_interface
    if stores_in_cookie(interface) or isinstance(interface, SessionInterface):
        return None
    return type(interface).__name__


def _checked(app: Quart) -> str:
    """Return what was checked, without HSTS and the store if the app has none."""
    from quart_session_demo.deploy_check import HSTS
    from quart_session_demo.sessions.base import stores_in_cookie

    names = [
        'setting names',
        'secret keys',
        'session cookie',
        'lifetimes',
        'size limits',
        'hosts',
        'proxies',
        'debug mode',
        'playground',
    ]
    if HSTS in app.config:
        names.append('HSTS')
    if not stores_in_cookie(app.session_interface) and not _unknown_interface(app):
        names.append('session store')
    return ', '.join(names)


def _count(number: int, noun: str) -> str:
    return f'{number or "no"} {noun}{"s" if number != 1 else ""}'
