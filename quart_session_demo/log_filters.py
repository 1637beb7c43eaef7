"""Log lines that no client can forge: a path may contain a line break (`/%0aERROR...`)."""

import asyncio
import logging
import re
import textwrap
from typing import Any

# All control characters but the tab, and Unicode's two line separators.
_CONTROL_CHARACTERS = re.compile(r'[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]')
_FORMATTER = logging.Formatter()


class ControlCharacterFilter(logging.Filter):
    """A filter for loggers that escapes control characters and indents tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record and return True."""
        try:
            message = record.getMessage()
        except Exception:
            # The arguments do not match the format string. The handler reports that.
            return True
        record.msg, record.args = _escape(message), ()
        if record.exc_info:
            # The text of the exception may contain line breaks. Formatters use exc_text if it is
            # set.
            lines = _FORMATTER.formatException(record.exc_info).split('\n')
            record.exc_text = textwrap.indent('\n'.join(map(_escape, lines)), '    ')
        return True


def handle_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log one line for a connection that Hypercorn could not parse.

    asyncio would log a traceback, which shows what the client sent, cookies included. Use it as
    `loop.set_exception_handler(handle_loop_exception)`.

    Args:
        loop: The event loop.
        context: The details of the error, as asyncio passes them to exception handlers.
    """
    exception = context.get('exception')
    if exception and context['message'] == 'Unhandled exception in client_connected_cb':
        logging.getLogger('quart_session_demo').warning(
            'A connection was malformed: %s', type(exception).__name__
        )
    else:
        loop.default_exception_handler(context)


def _escape(text: str) -> str:
    return _CONTROL_CHARACTERS.sub(lambda match: match[0].encode('unicode_escape').decode(), text)
