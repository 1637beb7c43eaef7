"""Log lines that no client can forge: a path may hold a line break (`/%0aERROR...`)."""

import asyncio
import logging
import re
import textwrap
from typing import Any

BREAKS = re.compile(r'[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]')
FORMATTER = logging.Formatter()


def escape(record: logging.LogRecord) -> bool:
    """Escape a record's control characters and indent its traceback; a filter for a logger."""
    try:
        message = record.getMessage()
    except Exception:
        # A wrong call, of which logging tells when it comes to it.
        return True
    record.msg, record.args = _escaped(message), ()
    if record.exc_info:
        # An exception's own text may hold line breaks too. The formatter keeps what is set here.
        lines = FORMATTER.formatException(record.exc_info).split('\n')
        record.exc_text = textwrap.indent('\n'.join(map(_escaped, lines)), '    ')
    return True


def connection_broke(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log one line for a connection that Hypercorn could not make sense of; a loop's handler.

    Asyncio would log a traceback, which quotes what the client sent, cookies too.
    """
    exception = context.get('exception')
    if exception and context['message'] == 'Unhandled exception in client_connected_cb':
        logging.getLogger('quart_session_demo').warning(
            'A connection was malformed: %s', type(exception).__name__
        )
    else:
        loop.default_exception_handler(context)


def _escaped(text: str) -> str:
    return BREAKS.sub(lambda match: match[0].encode('unicode_escape').decode(), text)
