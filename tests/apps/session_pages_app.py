"""Somebody's own app with the page of sessions under a prefix, without other headers."""

from typing import Any

from quart import Quart, redirect, request, session, url_for
from werkzeug.wrappers import Response

from quart_session_demo.session_pages import session_pages
from quart_session_demo.sessions import create_session_interface, regenerate_session
from tests.conftest import KEY

PREFIX = '/account/sessions'


def make_session_pages_app(*, prefix: str = PREFIX, **config: Any) -> Quart:
    """Return an app with these settings, a login without a password, and the page."""
    app = Quart(__name__)
    app.config.from_mapping({'SECRET_KEY': KEY, 'SESSION_TYPE': 'memory', **config})
    app.session_interface = create_session_interface(app)  # type: ignore[assignment]
    app.register_blueprint(session_pages, url_prefix=prefix)

    @app.post('/login')
    async def login() -> Response:
        await regenerate_session(user=(await request.get_json())['user'])
        return redirect(url_for('session_pages.show'), 303)

    @app.get('/contents')
    async def contents() -> dict[str, Any]:
        return dict(session)

    return app


# For a server.
app = make_session_pages_app(SESSION_STORE_DEVICE=True)
