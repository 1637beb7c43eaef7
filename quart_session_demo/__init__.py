"""The classic flask.session lesson, re-done on Quart: `hypercorn quart_session_demo:app`."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quart import Quart

    from quart_session_demo.factory import create_app

    app: Quart

__all__ = ['app', 'create_app']


class _LazyModule(ModuleType):
    """A package that builds `app` at its first use, not when the package is imported.

    So another app can import `quart_session_demo.sessions` without this app and its settings.
    Quart's command line, uvicorn, granian and `from quart_session_demo import app` use `getattr`.
    Hypercorn uses `vars(module)`, which reads `__dict__`; therefore `dir()`, `inspect`,
    `importlib.reload` and `mock.patch.object` build the app, too.
    """

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        self.app  # noqa: B018 - builds it
        return globals()

    def __getattr__(self, name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f'module {self.__name__!r} has no attribute {name!r}')
        from quart_session_demo.config import ConfigError
        from quart_session_demo.factory import create_app

        self.create_app = create_app
        if name == 'app':
            try:
                self.app = create_app()
            except ConfigError as error:
                from quart_session_demo.terminal import standard_error, wrap

                # Hypercorn and Quart's command line print SystemExit as one line. Only a terminal
                # that is narrower gets several.
                lines = wrap(f'quart_session_demo: {error}', standard_error().columns)
                raise SystemExit('\n'.join(lines)) from None
        return getattr(self, name)


sys.modules[__name__].__class__ = _LazyModule
