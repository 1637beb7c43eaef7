"""Run the development server: `python -m quart_session_demo`."""

import socket
import sys
from urllib.parse import urlsplit

import click


@click.command(context_settings={'help_option_names': ['-h', '--help']})
@click.option('--host', help='The host or address to serve on.  [default: 127.0.0.1]')
@click.option('--port', type=click.IntRange(1, 65535), help='The port.  [default: 5000]')
def main(host: str | None, port: int | None) -> None:
    """Run the development server, which restarts when the code changes.

    Without options, QUART_SERVER_NAME can set both. Exit status: 1 when the app cannot be served,
    2 for a wrong option.

    Example: python -m quart_session_demo --port 5001
    """
    from quart_session_demo import app
    from quart_session_demo.middleware.server_url import ServerUrlMiddleware, local_url

    name = urlsplit(f'//{app.config["SERVER_NAME"] or ""}')
    host = (host or name.hostname or '127.0.0.1').strip('[]')
    port = port or name.port or 5000
    is_ipv6 = ':' in host
    address = f'[{host}]' if is_ipv6 else host
    try:
        # Quart would print a traceback without the port. Hypercorn binds in the same way.
        with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            url = local_url(listener, host)
    except (OSError, UnicodeError) as error:
        problem = getattr(error, 'strerror', None) or error
        example = port + 1 if 1024 <= port < 65535 else 8000
        raise click.ClickException(
            f'{address}:{port} cannot be used ({problem}): choose another port, such as '
            f'--port {example}, or another host with --host'
        ) from None
    app.asgi_app = ServerUrlMiddleware(app.asgi_app, url)  # type: ignore[method-assign]
    # Debug mode shows source code to users.
    app.run(host=address, port=port, debug=not app.config['PRODUCTION'])


if __name__ == '__main__':
    try:
        main.main(prog_name='python -m quart_session_demo', standalone_mode=False)
    except click.ClickException as error:
        # One line: `error.show()` would print the usage too.
        click.echo(f'Error: {error.format_message()}', err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        # Ctrl-C before the server has started; afterwards Quart stops with status 0.
        sys.exit(130)
