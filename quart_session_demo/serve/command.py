"""The command line of the starter."""

import os
import socket
import sys

import click
from hypercorn.config import Config

from quart_session_demo.serve import standard_error
from quart_session_demo.serve.listener import bind
from quart_session_demo.serve.settings import MAX_PROCESSES, ServeError, read_settings
from quart_session_demo.serve.supervisor import Supervisor


@click.command(context_settings={'help_option_names': ['-h', '--help']})
@click.argument('name', metavar='MODULE:APP')
@click.option(
    '--processes',
    type=click.IntRange(1, MAX_PROCESSES),
    help='How many processes serve the app.  [default: $WEB_CONCURRENCY or 1]',
)
@click.option(
    '--bind',
    'address',
    metavar='ADDRESS',
    help='HOST:PORT, unix:PATH or fd://NUMBER.  [default: every address, port $PORT or 8000]',
)
# The supervisor passes a file descriptor to the processes that serve the app.
@click.option('--parent', 'parent_fileno', type=int, hidden=True)
# The socket is not the supervisor's own.
@click.option('--inherited', 'is_inherited', is_flag=True, hidden=True)
# Another process of the supervisor has started before.
@click.option('--started', 'has_started', is_flag=True, hidden=True)
def main(
    name: str,
    processes: int | None,
    address: str | None,
    parent_fileno: int | None,
    is_inherited: bool,
    has_started: bool,
) -> None:
    """Serve an ASGI app, such as a Quart app, with Hypercorn.

    Environment variables: PORT, WEB_CONCURRENCY, GRACEFUL_TIMEOUT (seconds until open requests are
    ended, default 25) and DRAIN_SECONDS (for how many of these seconds new connections are
    accepted, default 1).

    SIGTERM and SIGINT finish the open requests and stop. SIGHUP restarts the processes one by one,
    if there are several. SIGQUIT stops at once.

    Exit status: 1 when the app cannot be served, 2 for a wrong option.

    Example: python -m quart_session_demo.serve quart_session_demo:app --processes 2
    """
    try:
        settings = read_settings(
            {**os.environ, **({'WEB_CONCURRENCY': str(processes)} if processes else {})}
        )
        listener = bind(address, settings.port)
        # Sessions in memory refuse several processes.
        os.environ['WEB_CONCURRENCY'] = str(settings.processes)
        # This configures the log.
        Config().log  # noqa: B018
        if parent_fileno is None and address and address.startswith('fd://'):
            is_inherited = True
        if parent_fileno is None and settings.processes > 1:
            sys.exit(Supervisor(name, listener, settings, is_inherited=is_inherited).run())
        # Not at the top: the supervisor does not need it, and it loads much.
        from quart_session_demo.serve import server

        parent = socket.socket(fileno=parent_fileno) if parent_fileno else None
        server.run(
            name,
            listener,
            settings,
            parent,
            is_inherited=is_inherited,
            has_started=has_started,
        )
    except ServeError as error:
        raise click.ClickException(str(error)) from None


def run() -> None:
    """Run the command, and print each error as one line."""
    standard_error.install()
    try:
        main.main(prog_name='python -m quart_session_demo.serve', standalone_mode=False)
    except click.ClickException as error:
        print(f'Error: {error.format_message()}', file=sys.stderr)
        sys.exit(error.exit_code)
