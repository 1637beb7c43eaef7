"""`check-deploy`: settings and a store that are unsafe in production."""

import asyncio
import json
import sys
from dataclasses import asdict

import click
from quart.cli import ScriptInfo, pass_script_info


@click.command()
@click.option('--strict', is_flag=True, help='Fail on warnings too.')
@click.option('--json', 'as_json', is_flag=True, help='Print the findings as JSON.')
@pass_script_info
def check_deploy(info: ScriptInfo, strict: bool, as_json: bool) -> None:
    """Look for settings that are unsafe in production."""
    from quart_session_demo.deploy_check import findings, findings_of_store

    app = info.load_app()
    found = [*findings(app), *asyncio.run(findings_of_store(app))]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for finding in found:
            message = finding.message.removesuffix('.')
            click.echo(f'{finding.level} {finding.id}: {message}. {finding.remedy}.')
        click.echo(f'{len(found)} found.')
    if any(strict or finding.level == 'error' for finding in found):
        sys.exit(1)
