"""`quart compare`: compare Flask with Quart. A command imports what it needs when it runs."""

import click

from quart_session_demo.cli.command import Group
from quart_session_demo.cli.compare.blocking import blocking
from quart_session_demo.cli.compare.cost import cost
from quart_session_demo.cli.compare.load import load
from quart_session_demo.cli.compare.parity import parity


@click.group(
    cls=Group,
    example='compare parity',
    statuses={0: 'The command succeeded. The help of each command lists its other statuses.'},
)
def compare() -> None:
    """Compare Flask with Quart on real servers."""


for _command in (parity, blocking, load, cost):
    compare.add_command(_command)
