"""Commands for the `quart` command line of any app.

A command imports what it needs when it runs, so that the command line starts quickly.

In your own app: `from quart_session_demo.cli import register` and `register(app)`.
"""

from quart import Quart

from quart_session_demo.cli.check_deploy import check_deploy
from quart_session_demo.cli.inspect_cookie import inspect_cookie
from quart_session_demo.cli.sessions import sessions


def register(app: Quart) -> None:
    """Add `check-deploy`, `inspect-cookie` and `sessions` to an app's command line."""
    for command in (check_deploy, inspect_cookie, sessions):
        app.cli.add_command(command)
