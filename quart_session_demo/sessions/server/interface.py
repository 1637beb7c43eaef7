"""Open and save sessions that are stored on a server; the cookie holds only an id."""

from datetime import datetime
from typing import Any, cast

from flask.sessions import SessionMixin
from quart import (
    Quart,
    Response,
    current_app,
    websocket_tearing_down,
)
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.base import (
    Finding,
    SessionInterface,
    cookie_values,
)
from quart_session_demo.sessions.errors import NewIdError
from quart_session_demo.sessions.handshake import save_at_accept
from quart_session_demo.sessions.json_reads import watch_json
from quart_session_demo.sessions.serializer import signing_keys
from quart_session_demo.sessions.server import lifetime, saving
from quart_session_demo.sessions.server.binding import Binding
from quart_session_demo.sessions.server.reading import read_session
from quart_session_demo.sessions.server.response import finish
from quart_session_demo.sessions.server.session import ServerSession, SessionState
from quart_session_demo.sessions.server.signing import id_signer
from quart_session_demo.sessions.server.start import check_app
from quart_session_demo.sessions.server.store import SessionStore, StoreError
from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.server.unavailable import (
    UnavailableSession,
    allow_in_error_handlers,
    service_unavailable,
)
from quart_session_demo.sessions.server.websocket_watch import WebsocketWatch
from quart_session_demo.sessions.tracking import TrackedSession, current_session


class ServerSessionInterface(SessionInterface):
    """The interface for sessions in any store.

    `app.session_interface = ServerSessionInterface(app, MemoryStore())`, or another store.

    The cookie holds the session's id, signed with the app's secret key: an app with another key
    does not accept it. A cookie is set or deleted only after the store confirmed, in the same
    request, that the session exists. So a slow request cannot replace a newer cookie in the
    browser.

    Attributes:
        store: Where the sessions are stored.
        serializer: Encodes and decodes the values. `serializer.register(Tag)` adds a type, as in
            Flask.
    """

    content_in_cookie = False

    def __init__(self, app: Quart, store: SessionStore) -> None:
        """Connect the store when the app starts serving, and close it afterwards.

        The app does not start without a `SECRET_KEY`, which may be set after this call.

        Args:
            app: The app that gets this session interface.
            store: Where to store the sessions.

        Raises:
            ValueError: A setting is wrong, or the app cannot use the store. The message names the
                problem and what to do.
        """
        super().__init__()
        check_app(app, store)
        self.store = store
        self._watch = WebsocketWatch(app, store)
        self.serializer = StoredJSON()

        @app.before_serving
        async def connect() -> None:
            check_app(app, store, starts=True)
            try:
                await store.ping()
            except StoreError as error:
                app.logger.error('Sessions are not available yet: %s', error)

        app.after_serving(store.close)
        allow_in_error_handlers(app)

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> ServerSession | None:
        """Return the session whose id is in the request's cookie: empty if there is none.

        Of several session cookies, the first that the app signed and whose session exists counts.
        Never raises. If the store fails, a request that uses the session returns 503. Without a
        secret key there is no session, as in Flask.
        """
        keys = signing_keys(app)
        if not keys:
            return None
        watch_json(app)
        cookies = cookie_values(self, app, request)
        session = await read_session(app, self.store, cookies, id_signer(keys), self.serializer)
        if isinstance(request, Websocket):
            watch = self._watch.starter(request, session)
            save_at_accept(self, app, request, session, watch)
            websocket_tearing_down.connect(self._save_websocket, app)
        return session

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Store what changed, and set or delete the cookie. A failure does not raise.

        The response becomes 503 if the store fails, 413 if a changed session is too large, and 500
        if a value cannot be stored. The stored session does not change then. Other effects of the
        view, such as database writes, are not undone.

        Args:
            app: The app, whose `SESSION_COOKIE_*` settings apply.
            session: The session that `open_session` returned.
            response: The response to add the cookie to; None after an accepted websocket.
        """
        session = cast(ServerSession, session)
        if response is None:
            # A websocket that ends without a response sets no cookie, also if it was not accepted.
            session.headers_sent = True
        await finish(self, app, self.store, session, response)

    def continue_websocket(self, session: TrackedSession) -> None:
        """Let a websocket use its session after the handshake, which saved it."""
        super().continue_websocket(session)
        session = cast(ServerSession, session)
        # What the websocket changes is saved when it ends.
        session.saved = False
        session.late_change_log = None
        if isinstance(session, UnavailableSession):
            session.raises = session.is_hidden

    async def regenerate(self, session: SessionMixin, user: str | None = None) -> None:
        """Store the session under a new id, and delete it under the old one.

        Args:
            session: The session of the current request.
            user: The user to bind it to; None if the user stays the same.

        Raises:
            ServiceUnavailable: The store failed.
            RuntimeError: No cookie with the new id can be set.
            TypeError, ValueError: The user is not a non-empty string.
        """
        session = cast(ServerSession, session)
        session.mark_used()
        try:
            if problem := self._regeneration_problem(current_app, session, user):
                raise NewIdError(problem)
            binding = None if user is None else Binding.of_login(current_app, user)
        except (NewIdError, TypeError, ValueError) as error:
            # A login must not be stored under the old id.
            session.mark_failed(NewIdError(str(error)))
            raise
        try:
            await saving.regenerate(current_app, self.store, session, binding)
        except StoreError as error:
            raise service_unavailable() from error

    def _regeneration_problem(
        self, app: Quart, session: ServerSession, user: str | None
    ) -> str | None:
        if session.headers_sent or session.saved:
            return (
                'An open websocket or a stream cannot set a cookie with a new session id: '
                'regenerate the session before the websocket is accepted, or before the response'
            )
        if user is not None and session.state is SessionState.GONE:
            return (
                'The session was deleted or has expired during the request: let the user log in '
                'with another'
            )
        session.modified = True
        if not self.should_set_cookie(app, session):
            return (
                f'{type(self).__name__}.should_set_cookie returns False: the client would not get '
                'the new session id'
            )
        return None

    async def is_ready(self) -> bool:
        """Return whether sessions can be read and stored now."""
        try:
            await self.store.ping()
        except StoreError:
            return False
        return True

    async def store_findings(self) -> list[Finding]:
        """Check the store, close its connections, and return what is unsafe about it."""
        try:
            return await self.store.findings()
        finally:
            await self.store.close()

    def get_expiration_time(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the browser deletes the cookie; None means when the browser closes."""
        session = cast(ServerSession, session)
        if not session.permanent:
            return None
        return lifetime.to_datetime(lifetime.expires_at(app, session, session.refreshed))

    def expires_at(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the session expires; `session_expires_at` describes it."""
        session = cast(ServerSession, session)
        if not session.has_content:
            return None
        match session.state:
            case SessionState.GONE | SessionState.FAILED:
                return None
            case SessionState.NEW | SessionState.CLEARED:
                sent = session.saved or session.headers_sent
                if sent or not self.should_set_cookie(app, session):
                    # It will not be stored.
                    return None
        try:
            changed = any(session.changed_fields(session.encode_fields()))
        except Exception:
            # The save reports the value that cannot be stored.
            changed = True
        refreshed = lifetime.next_refresh(app, session, changed=changed)
        return lifetime.to_datetime(lifetime.expires_at(app, session, refreshed))

    async def _save_websocket(self, app: Quart, **_: Any) -> None:
        # Quart saves no session if the client closes the websocket.
        current = current_session()
        if not isinstance(current, ServerSession) or current.state is SessionState.GONE:
            return
        # This may be the teardown of a copy of the context, after which the websocket continues.
        # Until it is accepted, its response may still set a cookie.
        if current.headers_sent and not current.saved:
            await self.save_session(app, current, None)
        elif current.id is not None and not current.saved:
            await finish(self, app, self.store, current, None)
        current.saved = False
