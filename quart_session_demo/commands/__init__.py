"""The commands of `quart --app quart_session_demo`. What they need is imported when they run."""

from quart import Quart

from quart_session_demo.commands.check_deploy import check_deploy
from quart_session_demo.commands.compare import compare
from quart_session_demo.commands.inspect_cookie import inspect_cookie


def register(app: Quart) -> None:
    """Add the commands to an app's CLI."""
    for command in (check_deploy, compare, inspect_cookie):
        app.cli.add_command(command)
