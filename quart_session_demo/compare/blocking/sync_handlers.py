"""Count the functions that Quart runs in threads, because they are not coroutine functions."""

from collections.abc import Callable, Iterable, Iterator
from inspect import iscoroutinefunction
from typing import Any

from quart import Quart
from quart.views import MethodView, http_method_funcs

#: The attributes of an app with functions that run at each request or websocket, by blueprint.
PER_REQUEST = (
    'before_request_funcs',
    'after_request_funcs',
    'teardown_request_funcs',
    'template_context_processors',
    'before_websocket_funcs',
    'after_websocket_funcs',
    'teardown_websocket_funcs',
)


def count_views(app: Quart) -> tuple[int, int]:
    """Return how many views an app has, and how many of them run in threads."""
    views = [view for view in app.view_functions.values() if _is_own(view)]
    return len(views), sum(map(_is_sync_view, views))


def count_sync_functions(app: Quart) -> int:
    """Return how many functions around views run in threads: error handlers are among them."""
    functions = [*_per_request(app), *_error_handlers(app), *app.teardown_appcontext_funcs]
    return sum(_is_own(function) and not iscoroutinefunction(function) for function in functions)


def _is_own(function: Callable[..., Any]) -> bool:
    """Return whether it is not Quart's own, such as the view of static files."""
    module = getattr(function, '__module__', None) or ''
    # Quart's blueprints take some of their functions from Flask.
    return module.split('.')[0] not in ('quart', 'flask')


def _is_sync_view(view: Callable[..., Any]) -> bool:
    class_ = getattr(view, 'view_class', None)
    if class_ is None:
        return not iscoroutinefunction(view)
    names = http_method_funcs if issubclass(class_, MethodView) else ()
    methods = [getattr(class_, name, None) for name in (*names, 'dispatch_request')]
    return any(method and not iscoroutinefunction(method) for method in methods)


def _per_request(app: Quart) -> Iterator[Callable[..., Any]]:
    for name in PER_REQUEST:
        functions: Iterable[list[Callable[..., Any]]] = getattr(app, name).values()
        for group in functions:
            yield from group


def _error_handlers(app: Quart) -> Iterator[Callable[..., Any]]:
    for by_status in app.error_handler_spec.values():
        for handlers in by_status.values():
            yield from handlers.values()
