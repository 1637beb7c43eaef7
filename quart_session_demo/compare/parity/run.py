"""What `compare parity` does after its options are parsed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import (
    ServerCommand,
    ServerError,
    clear_app_settings,
    gunicorn,
    hypercorn,
    random_key_environment,
)
from quart_session_demo.compare.harness.steps_file import LESSON_STEPS, load_steps
from quart_session_demo.compare.parity import report
from quart_session_demo.compare.parity.comparison import ParityError, StepResult, compare_apps
from quart_session_demo.compare.parity.json_report import json_content
from quart_session_demo.compare.parity.lost_cookies import lost_cookies
from quart_session_demo.compare.parity.shared_key import share_key
from quart_session_demo.compare.parity.unknown_names import unknown_names
from quart_session_demo.signals import Interrupted
from quart_session_demo.terminal import print_json, standard_error, standard_output

#: The lesson's Flask app, Quart app and steps.
LESSON = (
    'quart_session_demo.compare.apps.lesson.flask_app:create_flask_app()',
    'quart_session_demo:app',
    LESSON_STEPS,
)


def run_parity(
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    as_json: bool,
    verbose: bool,
) -> bool:
    """Compare two apps and return whether there is no unexpected difference.

    Args:
        sync_app: The Flask app as `module:app`; None for the lesson's.
        async_app: The Quart app as `module:app`; None for the lesson's.
        steps_file: What the users do; None for the lesson's steps.
        as_json: Whether to print the results as JSON, and the report to standard error.
        verbose: Whether to print each step, and what is not compared.

    Raises:
        StepsError: The steps file is wrong.
        ServerError: A server did not start, or died.
        ParityError: A step fails on both apps.
        OSError: The results cannot be printed.
        Interrupted: A signal stopped the run; the results so far were printed.
    """
    if not (sync_app and async_app and steps_file):
        sync_app, async_app, steps_file = LESSON
        clear_app_settings()
    steps = load_steps(steps_file)
    key = random_key_environment()
    environment = key | steps.environment
    sync = ServerCommand('Flask', gunicorn(sync_app), key)
    async_ = ServerCommand('Quart', hypercorn(async_app), key)
    terminal = standard_error() if as_json else standard_output()
    results: list[StepResult] = []
    shared: bool | None = None
    error: ParityError | ServerError | Interrupted | None = None
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task('', total=len(steps.steps))

        def add_result(result: StepResult) -> None:
            results.append(result)
            progress.update(task, advance=1, description=escape(result.step.name))

        try:
            shared = share_key(
                (sync_app, replace(sync, environment=environment)),
                (async_app, replace(async_, environment=environment)),
            )
            compare_apps(steps, sync, async_, add_result, exchange_cookies=shared is not False)
        except (ParityError, ServerError, Interrupted) as caught:
            error = caught
    if shared is False:
        terminal.print(
            'The two apps do not share a secret key (or its salt or digest), so they cannot read '
            "each other's sessions. Steps with `handover` do not exchange cookies and count as "
            'different. Everything else is compared.'
        )
    if verbose:
        report.print_ignored_headers(terminal)
    hints = [*unknown_names(steps, results), *lost_cookies(results), *_failed_on_both(results)]
    for hint in hints:
        terminal.print(hint, prefix='Hint: ', indent=6)
    if results:
        total = sum(step.restart is None for step in steps.steps)
        report.print_report(terminal, results, total, verbose=verbose)
    if as_json:
        reason = f'stopped by {error.signal_name}' if isinstance(error, Interrupted) else error
        content = {
            'sync': sync_app,
            'async': async_app,
            'error': str(reason) if reason else None,
            'share_key': shared,
            'hints': hints,
            **json_content(results),
        }
        print_json(content)
    if error:
        raise error
    return not any(result.unexpected for result in results)


def _failed_on_both(results: Iterable[StepResult]) -> Iterator[str]:
    """Yield a hint if there are steps that fail on both apps, because these count as equal."""
    failed = [
        result.step.name
        for result in results
        if result.sync and result.async_ and result.sync.is_failure and result.async_.is_failure
    ]
    if failed:
        yield (
            f'both apps fail at {pluralize(len(failed), "step")}, first at {failed[0]!r}; equal '
            'failures count as equal, so correct the steps or the apps'
        )
