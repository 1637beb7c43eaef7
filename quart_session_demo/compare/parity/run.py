"""What `compare parity` does after its options are parsed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress
from rich.text import Text

from quart_session_demo.compare.harness.servers import (
    ServerCommand,
    ServerError,
    clear_app_settings,
    gunicorn,
    hypercorn,
    random_key_environment,
)
from quart_session_demo.compare.harness.steps_file import LESSON_STEPS, load_steps
from quart_session_demo.compare.harness.terminal import standard_error, standard_output
from quart_session_demo.compare.parity import report
from quart_session_demo.compare.parity.comparison import ParityError, StepResult, compare_apps
from quart_session_demo.compare.parity.lost_cookies import lost_cookies
from quart_session_demo.compare.parity.shared_key import share_key
from quart_session_demo.compare.parity.unknown_names import unknown_names

#: The lesson's Flask app, Quart app and steps.
LESSON = (
    'quart_session_demo.compare.apps.lesson.flask_app:create_flask_app()',
    'quart_session_demo:app',
    LESSON_STEPS,
)
#: The file name that means standard output.
STDOUT = '-'


def run_parity(
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    json_file: str | None,
    verbose: bool,
) -> bool:
    """Compare two apps and return whether there is no unexpected difference.

    Args:
        sync_app: The Flask app as `module:app`; None for the lesson's.
        async_app: The Quart app as `module:app`; None for the lesson's.
        steps_file: What the users do; None for the lesson's steps.
        json_file: Where to write the results; None for nowhere. With `-` they go to standard
            output, and the table to standard error.
        verbose: Whether to print what is not compared.

    Raises:
        StepsError: The steps file is wrong.
        ServerError: A server did not start, or died.
        ParityError: A step fails on both apps.
        OSError: The results cannot be printed or written.
    """
    if not (sync_app and async_app and steps_file):
        sync_app, async_app, steps_file = LESSON
        clear_app_settings()
    steps = load_steps(steps_file)
    key = random_key_environment()
    sync = ServerCommand('Flask', gunicorn(sync_app), key)
    async_ = ServerCommand('Quart', hypercorn(async_app), key)
    console = standard_error() if json_file == STDOUT else standard_output()
    environment = key | steps.environment
    shared = share_key(
        (sync_app, replace(sync, environment=environment)),
        (async_app, replace(async_, environment=environment)),
    )
    if shared is False:
        console.print(
            'The two apps do not share a secret key (or its salt or digest), so they cannot read '
            "each other's sessions. Steps with `handover` do not exchange cookies and count as "
            'different. Everything else is compared.'
        )
    if verbose:
        report.print_ignored_headers(console)
    results: list[StepResult] = []
    error: ParityError | ServerError | None = None
    errors = standard_error()
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task('', total=len(steps.steps))

        def add_result(result: StepResult) -> None:
            results.append(result)
            progress.update(task, advance=1, description=result.step.name)

        try:
            compare_apps(steps, sync, async_, add_result, exchange_cookies=shared is not False)
        except (ParityError, ServerError) as caught:
            error = caught
    hints = [*unknown_names(steps, results), *lost_cookies(results)]
    for hint in hints:
        console.print(Text(f'Hint: {hint}'))
    if results:
        report.print_table(console, results, sum(step.restart is None for step in steps.steps))
    if json_file is not None:
        content = {
            'sync': sync_app,
            'async': async_app,
            'error': str(error) if error else None,
            'share_key': shared,
            'hints': hints,
            **report.json_content(results),
        }
        _write_json(content, json_file)
    if error:
        raise error
    return not any(result.unexpected for result in results)


def _write_json(content: dict[str, Any], name: str) -> None:
    try:
        with click.open_file(name, 'w', 'utf-8') as file:
            json.dump(content, file, ensure_ascii=False, indent=2)
            file.write('\n')
            file.flush()
    except OSError as error:
        # The error of a failed write does not name the file.
        raise OSError(error.errno, error.strerror, name) from None
