"""Find the app that a user names as MODULE:APP."""

import importlib
from inspect import isfunction
from operator import attrgetter
from typing import cast

from hypercorn.typing import ASGIFramework
from hypercorn.utils import is_asgi

from quart_session_demo.serve.settings import ServeError


def load_app(name: str) -> ASGIFramework:
    """Return an app.

    Args:
        name: The module and the app in it, such as `shop:app`, or a function that returns the app,
            such as `shop:create_app()`.

    Raises:
        ServeError: There is no such ASGI app. An error in its module is not caught.
    """
    module_name, _, attribute = name.partition(':')
    if not attribute or not module_name or module_name.startswith('.'):
        raise ServeError(f'{name!a} names no app: use MODULE:APP, such as shop:app')
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # The module exists if it is another one, which it imports, that is missing.
        if not f'{module_name}.'.startswith(f'{error.name}.'):
            raise
        raise ServeError(
            f'{name}: there is no module {error.name}: install it, or start in its folder'
        ) from None
    try:
        found = attrgetter(attribute.removesuffix('()'))(module)
    except AttributeError as error:
        raise ServeError(f'{name}: {error}') from None
    if attribute.endswith('()') and not callable(found):
        raise ServeError(f'{name} cannot be called: it is of the type {type(found).__name__}')
    app = found() if attribute.endswith('()') else found
    if not is_asgi(app):
        problem = (
            f'{name} is not an ASGI app, such as Quart: it is of the type {type(app).__name__}'
        )
        remedy = f"; if it returns the app, use '{name}()'" if isfunction(app) else ''
        raise ServeError(problem + remedy)
    return cast(ASGIFramework, app)
