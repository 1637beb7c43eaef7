"""The commands of `quart --app quart_session_demo`. What they need is imported when they run."""

from quart import Quart

from quart_session_demo.cli.check_deploy import check_deploy
from quart_session_demo.cli.compare import compare
from quart_session_demo.cli.inspect_cookie import inspect_cookie


def register(app: Quart) -> None:
    """Add the commands to an app's CLI."""
    for command in (check_deploy, compare, inspect_cookie):
        app.cli.add_command(command)
