"""What `compare blocking` does after its options are parsed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from quart_session_demo.compare.blocking import report
from quart_session_demo.compare.blocking.records import Block, Handlers
from quart_session_demo.compare.blocking.steps import Exchange, StepError, WatchedApp, run_steps
from quart_session_demo.compare.blocking.summary import sum_up
from quart_session_demo.compare.harness.servers import (
    ServerError,
    clear_app_settings,
    random_key_environment,
)
from quart_session_demo.compare.harness.steps_file import LESSON_STEPS, load_steps
from quart_session_demo.signals import Interrupted
from quart_session_demo.terminal import print_json, standard_error, standard_output

#: The lesson's app and steps.
LESSON = ('quart_session_demo:app', LESSON_STEPS)


def run_blocking(
    async_app: str | None,
    steps_file: Path | None,
    limit: float,
    *,
    as_json: bool,
) -> bool:
    """Run steps on an app and return whether a line blocked its event loop for too long.

    Args:
        async_app: The Quart app as `module:app`; None for the lesson's.
        steps_file: What the users do; None for the lesson's steps.
        limit: For how many milliseconds a line may block.
        as_json: Whether to print the results as JSON, and the report to standard error.

    Raises:
        StepsError: The steps file is wrong.
        ServerError: The server did not start, or died.
        StepError: A step cannot run.
        OSError: The results cannot be printed.
        Interrupted: A signal stopped the run; the results so far were printed.
    """
    if not (async_app and steps_file):
        async_app, steps_file = LESSON
        clear_app_settings()
    steps = load_steps(steps_file)
    exchanges: list[Exchange] = []
    error: StepError | ServerError | Interrupted | None = None
    total = sum(step.restart is None for step in steps.steps)
    console = Console(stderr=True)
    with (
        TemporaryDirectory() as folder,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        app = WatchedApp(async_app, limit, random_key_environment(), Path(folder))
        task = progress.add_task('', total=total)

        def add_exchange(exchange: Exchange) -> None:
            exchanges.append(exchange)
            progress.update(task, advance=1, description=escape(exchange.step.name))

        try:
            run_steps(steps, app, add_exchange)
        except (StepError, ServerError, Interrupted) as caught:
            error = caught
        records = list(app.records())
    lines = sum_up(record for record in records if isinstance(record, Block))
    handlers = next((record for record in records if isinstance(record, Handlers)), None)
    warning, hint = report.sync_warning(handlers), report.failed_hint(exchanges)
    terminal = standard_error() if as_json else standard_output()
    if warning:
        terminal.print(warning, prefix='Warning: ', indent=9, color='yellow')
    if hint:
        terminal.print(hint, prefix='Hint: ', indent=6)
    if exchanges:
        report.print_report(terminal, lines, exchanges, total, limit)
    if as_json:
        reason = f'stopped by {error.signal_name}' if isinstance(error, Interrupted) else error
        content = {
            'async': async_app,
            'limit_ms': limit,
            'error': str(reason) if reason else None,
            'warnings': [warning] if warning else [],
            'hints': [hint] if hint else [],
            **report.json_content(lines, exchanges, handlers),
        }
        print_json(content)
    if error:
        raise error
    return bool(lines)
