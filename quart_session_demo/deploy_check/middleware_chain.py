"""Find the ASGI middleware around an app."""

from collections.abc import Iterator
from typing import Any, TypeVar

from quart import Quart

T = TypeVar('T')


def middleware_chain(app: Quart) -> Iterator[Any]:
    """Yield the middleware around `app.asgi_app`, the outermost first.

    Each is expected to have the app that it wraps in its attribute `app`, as usual.
    """
    seen: set[int] = set()
    layer: Any = app.asgi_app
    while layer is not None and not isinstance(layer, Quart) and id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        layer = getattr(layer, 'app', None)


def find_middleware(app: Quart, kind: type[T]) -> T | None:
    """Return the outermost middleware of a class around an app, or None."""
    return next((layer for layer in middleware_chain(app) if isinstance(layer, kind)), None)
