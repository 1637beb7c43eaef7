"""`check-deploy`: report settings and stores that are unsafe in production."""

import asyncio
import json
import sys
from dataclasses import asdict

import click
from quart.cli import ScriptInfo, pass_script_info

from quart_session_demo.cli.checks import reported_errors


@click.command()
@click.option('--strict', is_flag=True, help='Fail on warnings too.')
@click.option('--json', 'as_json', is_flag=True, help='Print the findings as JSON.')
@pass_script_info
def check_deploy(info: ScriptInfo, strict: bool, as_json: bool) -> None:
    """Find settings that are unsafe in production.

    Exit status: 0 when there is no error, 1 otherwise.
    """
    from quart_session_demo.deploy_check import check
    from quart_session_demo.sessions.base import SessionInterface, stores_in_cookie

    app = info.load_app()
    findings = asyncio.run(check(app))
    lines = [
        f'{finding.level} {finding.id}: {finding.message.rstrip(".?")}. {finding.remedy}.'
        for finding in findings
    ]
    interface = app.session_interface
    if not stores_in_cookie(interface) and not isinstance(interface, SessionInterface):
        lines.append(f'No store was checked: {type(interface).__name__} cannot be asked.')
    lines.append(f'{len(findings)} found.')
    with reported_errors():
        if as_json:
            click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            click.echo('\n'.join(lines))
    if any(strict or finding.level == 'error' for finding in findings):
        sys.exit(1)
