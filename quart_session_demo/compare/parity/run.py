"""A parity run on a terminal: start, progress, report."""

import json
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from quart_session_demo.compare.harness.servers import (
    ServerCommand,
    ServerError,
    gunicorn,
    hypercorn,
)
from quart_session_demo.compare.harness.steps import LESSON, load
from quart_session_demo.compare.harness.terminal import standard_error, standard_output
from quart_session_demo.compare.parity import report
from quart_session_demo.compare.parity.replay import ParityError, Result, replay
from quart_session_demo.compare.parity.shared_key import share_key

# By which apps take their key from the environment; what the user has set stays.
KEY_VARIABLES = ('SECRET_KEY', 'FLASK_SECRET_KEY', 'QUART_SECRET_KEY')
# The name of a file that stands for standard output.
STDOUT = '-'


def run(
    sync_app: str, async_app: str, steps_file: Path | None, json_file: str | None, verbose: bool
) -> bool:
    """Compare two apps, `module:app` each, and tell whether nothing differs unexpectedly.

    What is for people goes to standard error when the JSON goes to standard output.

    Raises:
        StepsError: The steps file is wrong.
        ServerError: A server did not start, or died.
        ParityError: A step makes no sense on either app.
        OSError: The results cannot be printed or written.
    """
    steps = load(steps_file or LESSON)
    if steps_file is None:
        clear_app_settings()
    key = random_key_environment()
    sync = ServerCommand('Flask', gunicorn(sync_app), key)
    async_ = ServerCommand('Quart', hypercorn(async_app), key)
    console = standard_error() if json_file == STDOUT else standard_output()
    began = key | steps.begin
    shared = share_key(
        (sync_app, replace(sync, environment=began)),
        (async_app, replace(async_, environment=began)),
    )
    if shared is False:
        console.print(
            'The two apps do not share a secret key (or its salt or digest): neither can read '
            "the other's sessions. Hand-overs are not made and count as different; the rest is "
            'compared.'
        )
    if verbose:
        report.print_left_out(console)
    results: list[Result] = []
    error: ParityError | ServerError | None = None
    errors = standard_error()
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task('', total=len(steps.steps))

        def show(result: Result) -> None:
            results.append(result)
            progress.update(task, advance=1, description=result.step.name)

        try:
            replay(steps, sync, async_, show, hand_over=shared is not False)
        except (ParityError, ServerError) as caught:
            error = caught
    if results:
        report.print_table(console, results, sum(step.restart is None for step in steps.steps))
    if json_file is not None:
        content = {
            'sync': sync_app,
            'async': async_app,
            'error': str(error) if error else None,
            'share_key': shared,
            **report.as_json(results),
        }
        _write(content, json_file)
    if error:
        raise error
    return not any(result.unexpected for result in results)


def _write(content: dict[str, Any], name: str) -> None:
    try:
        with click.open_file(name, 'w', 'utf-8') as file:
            json.dump(content, file, ensure_ascii=False, indent=2)
            file.write('\n')
            file.flush()
    except OSError as error:
        # Only those of opening name the file.
        raise OSError(error.errno, error.strerror, name) from None


def clear_app_settings() -> None:
    """Delete the user's settings from the environment: the lesson's apps get all they need."""
    for name in [name for name in os.environ if name.startswith(('FLASK_', 'QUART_'))]:
        del os.environ[name]


def random_key_environment() -> dict[str, str]:
    """Return one key for both servers, in the variables that the user has not set."""
    key = secrets.token_hex(32)
    return {name: key for name in KEY_VARIABLES if name not in os.environ}
