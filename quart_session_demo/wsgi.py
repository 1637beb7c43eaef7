"""A clear error for WSGI servers, such as gunicorn's default workers, which cannot serve Quart."""

import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any, overload

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from quart import Quart

_StartResponse = Callable[[str, list[tuple[str, str]]], object]


class WSGIRejectingQuart(Quart):
    """A Quart app that returns 500 to a WSGI server, with the reason, and logs it once.

    For other Quart apps, a WSGI server logs only that `__call__` misses an argument, for each
    request.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the app; all arguments are those of `Quart`."""
        super().__init__(*args, **kwargs)
        self._wsgi_is_logged = threading.Lock()
        # Python calls the method of the class. ASGI servers inspect this attribute, which must be a
        # coroutine function: otherwise Hypercorn takes the app for WSGI, and uvicorn for ASGI 2.
        self.__call__ = super().__call__  # type: ignore[assignment, method-assign]

    @overload
    def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Coroutine[Any, Any, None]: ...

    @overload
    def __call__(self, scope: dict[str, Any], receive: _StartResponse) -> list[bytes]: ...

    def __call__(self, scope: Any, receive: Any, send: Any = None) -> Any:
        """Serve a request of an ASGI server; a WSGI server passes two arguments only."""
        if send is not None:
            return super().__call__(scope, receive, send)
        return self._reject(scope['REQUEST_METHOD'], receive)

    def _reject(self, method: str, start_response: _StartResponse) -> list[bytes]:
        name = f'{self.import_name}:app'
        message = (
            'This is an ASGI app, and the server called it as a WSGI app: start it with an ASGI '
            f'server, such as hypercorn {name} or gunicorn -k asgi {name}'
        )
        # Never released, so that one thread of a process logs it.
        if self._wsgi_is_logged.acquire(blocking=False):
            # Not `app.logger`, which starts a thread.
            logging.getLogger(self.name).error('%s', message)
        body = f'{message}\n'.encode()
        headers = [
            ('Content-Type', 'text/plain; charset=utf-8'),
            ('Content-Length', str(len(body))),
            ('X-Content-Type-Options', 'nosniff'),
        ]
        start_response('500 Internal Server Error', headers)
        return [b'' if method == 'HEAD' else body]
