"""`quart port`: port Flask source to Quart, and check source that is on Quart already."""

import sys
from pathlib import Path

import click

from quart_session_demo.cli.checks import reported_errors, require_extra
from quart_session_demo.cli.command import Command


@click.command(
    cls=Command,
    example='port --output ../on_quart .',
    statuses={
        0: 'The source was ported. With --check: nothing was found.',
        1: 'A file could not be parsed, and was skipped. With --check: something was found.',
        2: 'The command could not run.',
    },
)
@click.argument(
    'paths',
    metavar='PATH…',
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    '--output',
    type=click.Path(file_okay=False, path_type=Path),
    help='Write the ported app, with all its other files, to this new folder.',
)
@click.option('--in-place', is_flag=True, help='Change the files, in a clean git work tree.')
@click.option('--check', is_flag=True, help='Print findings alone, for code on Quart.')
@click.option(
    '--all-handlers', is_flag=True, help='Make all route handlers async, not only those that await.'
)
@click.option('--json', 'as_json', is_flag=True, help='Print the diff and the findings as JSON.')
def port(
    paths: tuple[Path, ...],
    output: Path | None,
    in_place: bool,
    check: bool,
    all_handlers: bool,
    as_json: bool,
) -> None:
    """Port Flask source to Quart, and report what is left to do by hand.

    PATH is a folder or a Python file. Nothing is imported or executed. Without options the command
    prints a diff on standard output and the report on standard error, and writes nothing. The lines
    in the report are those of the ported files.
    """
    require_extra('port', 'libcst')
    from quart_session_demo.port.output import OutputError
    from quart_session_demo.port.run import run_check, run_port

    if sum([output is not None, in_place, check]) > 1:
        raise click.UsageError('Use one of --output, --in-place and --check.')
    with reported_errors(OutputError):
        if check:
            status = run_check(paths, as_json=as_json)
        else:
            status = run_port(
                paths,
                output=output,
                in_place=in_place,
                all_handlers=all_handlers,
                as_json=as_json,
            )
    if status:
        sys.exit(status)
