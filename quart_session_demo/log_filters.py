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
    """Escapes a record's control characters and indents its traceback; for a logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it pass."""
        try:
            message = record.getMessage()
        except Exception:
            # The call does not fit its format string; a handler reports that later.
            return True
        record.msg, record.args = _escape(message), ()
        if record.exc_info:
            # The exception's own text may contain line breaks. Formatters use exc_text if it is
            # set.
            lines = _FORMATTER.formatException(record.exc_info).split('\n')
            record.exc_text = textwrap.indent('\n'.join(map(_escape, lines)), '    ')
        return True


def handle_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log one line for a connection that Hypercorn could not parse; an exception handler.

    For `loop.set_exception_handler`. Asyncio would log a traceback, which shows what the client
    sent, cookies included.
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
