"""`quart compare cost`: measure the processor time of sessions."""

import asyncio

import click

from quart_session_demo.cli.checks import CommandError, require_extra


@click.command()
@click.option('--rounds', default=20, type=click.IntRange(1), show_default=True)
@click.option('--redis', 'redis_url', metavar='URL', help='Also measure sessions on this Redis.')
def cost(rounds: int, redis_url: str | None) -> None:
    """Measure the processor time for opening and saving the session."""
    from quart_session_demo.compare.cost.benchmark import format_costs, measure_costs

    if redis_url is None:
        click.echo(format_costs(asyncio.run(measure_costs(rounds))))
        return
    require_extra('redis', 'redis')
    from quart_session_demo.sessions.redis import StoreError

    try:
        click.echo(format_costs(asyncio.run(measure_costs(rounds, redis_url))))
    except (StoreError, ValueError) as error:
        # The message does not show the URL, which may hold a password.
        raise CommandError(f'--redis cannot be used: {error}') from None
