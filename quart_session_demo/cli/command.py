"""What all commands share: their help, their errors, and how a signal ends them."""

import asyncio
import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Never, TypeVar

import click
from quart.cli import ScriptInfo

from quart_session_demo.cli.checks import reported_errors
from quart_session_demo.signals import (
    Interrupted,
    exit_on_signals,
    remaining_seconds,
)
from quart_session_demo.terminal import (
    DEFAULT_COLUMNS,
    cell_width,
    pad,
    standard_error,
    standard_output,
    wrap,
)

if TYPE_CHECKING:
    from quart_session_demo.sessions.server.store import SessionStore

T = TypeVar('T')

#: How the help shows the app if the command line does not name it.
APP = 'MODULE:APP'
#: The exit statuses that all commands have.
SHARED_STATUSES = {130: 'Ctrl-C stopped it. After SIGTERM the status is 143.'}


class HelpFormatter(click.HelpFormatter):
    """Formats help in the terminal's width, without line ends inside words."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        """Use this width, or the terminal's up to 80 columns."""
        columns = min(standard_output().columns or DEFAULT_COLUMNS, max_width or DEFAULT_COLUMNS)
        super().__init__(indent_increment, width or columns)

    def write_usage(self, prog: str, args: str = '', prefix: str | None = None) -> None:
        """Write the usage line."""
        prefix = prefix or 'Usage: '
        self._write(f'{prog} {args}', len(prefix), prefix)

    def write_text(self, text: str) -> None:
        """Write paragraphs, which are separated by empty lines."""
        for number, paragraph in enumerate(text.split('\n\n')):
            if number:
                self.write('\n')
            self._write(' '.join(paragraph.split()), self.current_indent, ' ' * self.current_indent)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms and what they mean."""
        rows = list(rows)
        widths = [cell_width(term) for term, _ in rows]
        col_max = min(col_max, self.width // 3)
        column = max((width for width in widths if width <= col_max), default=col_max)
        indent = self.current_indent + column + col_spacing
        for (term, meaning), width in zip(rows, widths, strict=True):
            start = ' ' * self.current_indent + term
            if width > column:
                self.write(f'{start}\n')
                start = ''
            self._write(meaning, indent, pad(start, indent))

    def _write(self, text: str, indent: int, prefix: str = '') -> None:
        lines = wrap(text, self.width, indent=indent, prefix=prefix)
        self.write(''.join(f'{line}\n' for line in lines))


class Context(click.Context):
    """The context of a command, whose help is formatted by `HelpFormatter`."""

    formatter_class = HelpFormatter


class DocumentedCommand(click.Command):
    """A command whose help ends with an example and the exit statuses."""

    context_class = Context

    def __init__(
        self, *args: Any, example: str, statuses: Mapping[int, str], **attributes: Any
    ) -> None:
        """Make the command.

        Args:
            args: As in click.
            example: The arguments of an example, after `quart --app MODULE:APP`.
            statuses: The meaning of each exit status, without `SHARED_STATUSES`.
            attributes: As in click.
        """
        super().__init__(*args, **attributes)
        self.example = example
        self.statuses = {**statuses, **SHARED_STATUSES}

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the arguments; with `--help` that prints the help."""
        with _wrapped_errors(), reported_errors():
            return super().make_context(*args, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example and the exit statuses."""
        app = (isinstance(ctx.obj, ScriptInfo) and ctx.obj.app_import_path) or APP
        command = f'quart --app {shlex.quote(app)} {self.example}'
        if ctx.command_path.startswith('python -m '):
            # The command is a program of its own.
            command = f'{ctx.command_path} {self.example.partition(" ")[2]}'
        with formatter.section('Example'):
            # The width leaves space for the backslash.
            lines = wrap(command, formatter.width - 2, indent=6, prefix='  ')
            formatter.write(' \\\n'.join(lines).replace(' ' * 6, '  ', 1) + '\n')
        with formatter.section('Exit statuses'):
            formatter.write_dl([(str(status), text) for status, text in self.statuses.items()])


class Command(DocumentedCommand):
    """A command that a signal ends within a second, with the status of that signal."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with exit_on_signals():
            try:
                with _wrapped_errors():
                    return super().invoke(ctx)
            except Interrupted as stop:
                _exit(stop)


class Group(DocumentedCommand, click.Group):
    """A group of commands."""


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine, as `asyncio.run` does.

    After a signal its cleanup has half a second: a store that does not respond must not delay it.
    """
    runner = asyncio.Runner()
    try:
        result = runner.run(main)
    except Interrupted:
        # `runner.close` would wait until all tasks have ended.
        loop = runner.get_loop()
        if tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.wait(tasks, timeout=remaining_seconds(1)))
        raise
    except BaseException:
        runner.close()
        raise
    runner.close()
    return result


def run_on_store(store: 'SessionStore', action: Callable[[], Awaitable[T]]) -> T:
    """Return the result of an action on a store, and close the store's connections.

    Raises:
        CommandError: The store failed.
        Interrupted: A signal stopped the command.
    """
    from quart_session_demo.sessions.server.store import StoreError

    async def run() -> T:
        try:
            return await action()
        finally:
            await store.close()

    with reported_errors(StoreError):
        return run_async(run())


@contextmanager
def _wrapped_errors() -> Iterator[None]:
    """Print a usage error in the terminal's width."""
    try:
        yield
    except click.UsageError as error:
        text = f'Error: {error.format_message()}'
        lines = '\n'.join(wrap(text, standard_error().columns))
        raise click.UsageError(lines.removeprefix('Error: '), error.ctx) from None


def _exit(stop: Interrupted) -> Never:
    """End the process at once: a thread or a connection of the app could delay its usual end."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(int(stop.code or 0))
