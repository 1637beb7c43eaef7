"""Opens and saves the session, and keeps its cookie, which holds nothing but its id."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask.sessions import SessionMixin
from quart import (
    Quart,
    Response,
    current_app,
    has_websocket_context,
    session,
    websocket_tearing_down,
)
from quart.wrappers import Websocket
from quart.wrappers.base import BaseRequestWebsocket
from quart.wrappers.response import IterableBody
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions import settings
from quart_session_demo.sessions.base import Finding, SessionInterface, track_accept, vary_by_cookie
from quart_session_demo.sessions.errors import turn_into_error
from quart_session_demo.sessions.server import lifetime
from quart_session_demo.sessions.server.redis.checks import store_findings
from quart_session_demo.sessions.server.redis.scripts import EMPTIED, GONE, SAVED
from quart_session_demo.sessions.server.redis.store import RedisStore
from quart_session_demo.sessions.server.session import RedisSession
from quart_session_demo.sessions.server.store import Fields, StoreError, is_session_id
from quart_session_demo.sessions.server.unavailable import (
    DETAIL,
    RETRY_AFTER,
    UnavailableSession,
    let_handlers_look,
    stand_in,
    unavailable,
)


class RedisSessionInterface(SessionInterface):
    """Keeps sessions in Redis: `app.session_interface = RedisSessionInterface(app)`.

    A cookie is set or deleted only after Redis said, in that request, that the session lives: a
    slow request cannot take a newer cookie from the browser.
    """

    content_in_cookie = False

    def __init__(self, app: Quart) -> None:
        """Read the app's settings, and connect when it starts serving.

        Args:
            app: The app, with at least `SESSION_REDIS_URL` in its config.

        Raises:
            ValueError: A setting is missing or wrong; it names it.
        """
        settings.complete(app.config)
        self.store = RedisStore(
            app.config['SESSION_REDIS_URL'],
            prefix=app.config['SESSION_KEY_PREFIX'],
            timeout=app.config['SESSION_REDIS_TIMEOUT'],
            max_connections=app.config['SESSION_REDIS_MAX_CONNECTIONS'],
        )

        @app.before_serving
        async def connect() -> None:
            try:
                await self.store.ping()
            except StoreError as error:
                app.logger.error('Sessions are not available yet: %s', error)

        app.after_serving(self.store.close)
        let_handlers_look(app)

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> RedisSession:
        """Read the session whose id is in the request's cookie: empty when there is none.

        Never raises: when Redis does not answer, to use the session is a 503.
        """
        session = await self._read(app, request)
        if isinstance(request, Websocket):
            track_accept(request, session)
            websocket_tearing_down.connect(self._save_at_end, app)
        return session

    async def _read(self, app: Quart, request: BaseRequestWebsocket) -> RedisSession:
        session_id = request.cookies.get(self.get_cookie_name(app), '')
        if not is_session_id(session_id):
            return RedisSession()
        try:
            stored = await self.store.read(session_id)
            opened = RedisSession(session_id, stored) if stored else RedisSession()
        except (StoreError, ValueError) as error:
            app.logger.error('Session not read: %s', error)
            return stand_in()
        except Exception:
            app.logger.exception('The session cannot be read')
            return stand_in()
        return RedisSession() if lifetime.is_over(app, opened) else opened

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Save what changed, and set or delete the cookie. Never raises.

        When Redis does not answer the response becomes 503, when something cannot be stored 500,
        and the session stays as it was. Whatever else the view did stands.

        Args:
            app: The app, whose `SESSION_COOKIE_*` settings apply.
            session: The session that `open_session` returned.
            response: The response to add the cookie to; None after an accepted websocket.
        """
        session = cast(RedisSession, session)
        used = session.was_used or session.modified
        if response is not None and used:
            vary_by_cookie(response)
        if isinstance(session, UnavailableSession):
            # A stream that looks later is cut off: it is too late for an error response. Whoever
            # else looks, such as a receiver of `request_finished`, changes no response any more.
            session.raises = isinstance(getattr(response, 'response', None), IterableBody)
            session.saved = True
            if response is not None and used:
                # An error page too was made from a session that was not the visitor's.
                turn_into_error(response, 503, DETAIL, RETRY_AFTER, even_an_error=True)
            return
        # What a new id was given to lives under it, whatever becomes of later changes.
        outcome = SAVED if session.replaced and session.id is not None else None
        try:
            outcome = await self._save(app, session, can_set_cookie=response is not None)
        except StoreError as error:
            app.logger.error('Session not saved: %s', error)
            if response is not None:
                turn_into_error(response, 503, DETAIL, RETRY_AFTER, even_an_error=True)
        except Exception:
            app.logger.exception('The session cannot be saved')
            if response is not None:
                turn_into_error(response, 500, 'The session cannot be saved.')
        self._answer(app, session, response, outcome)
        session.saved = True

    async def regenerate(self, session: RedisSession) -> None:
        """Store the session under a new id, and end it under the old one."""
        session.mark_used()
        if has_websocket_context():
            raise RuntimeError('A websocket cannot set the cookie that would hold a new id')
        if session.id is None or session.lost or session.error:
            return
        try:
            fields, changes = session.encoded(), session.changes()
        except Exception as error:
            # What cannot be stored is reported where it always is. Nothing may be saved before:
            # the old id would hold the login.
            session.error = error
            return
        try:
            # First, so that the old one lives on where Redis cannot take another.
            new_id = await self._store_as_new(current_app, session, fields)
            latest = await self.store.delete(session.id)
            if not latest and new_id is not None:
                await self.store.delete(new_id)
        except StoreError as error:
            session.error = error
            raise unavailable() from error
        if not latest:
            session.lost = True
            return
        if not session.cleared:
            session.take_over(latest, *changes)
        session.id = new_id
        session.stored = fields
        session.cleared = False
        session.replaced = session.modified = True

    async def is_ready(self) -> bool:
        """Tell whether sessions can be used now."""
        try:
            await self.store.ping()
        except StoreError:
            return False
        return True

    async def store_findings(self) -> list[Finding]:
        """Return what is unsafe about the store."""
        return await store_findings(self.store)

    async def _save(
        self, app: Quart, session: RedisSession, *, can_set_cookie: bool
    ) -> bytes | None:
        if session.error is not None:
            raise session.error
        if session.lost:
            return GONE
        if session.id is None or session.cleared:
            return await self._begin(app, session, can_set_cookie=can_set_cookie)
        used = session.was_used or session.modified
        changed, removed = session.changes() if used else ({}, set[bytes]())
        # A change inside a value too renews the cookie.
        session.modified = bool(session.modified or changed or removed)
        if not (changed or removed or lifetime.is_extension_due(app, session)):
            return SAVED if session.replaced else None
        now = lifetime.now()
        try:
            outcome = await self.store.write(
                session.id,
                changed,
                removed,
                lifetime=lifetime.remaining(app, session),
                now=now,
            )
        except StoreError as error:
            if changed or removed:
                raise
            app.logger.error('Session not extended: %s', error)
            return None
        # A websocket may be saved more than once.
        session.note_saved(changed, removed, now)
        return outcome if changed or removed or outcome == SAVED else None

    async def _begin(
        self, app: Quart, session: RedisSession, *, can_set_cookie: bool
    ) -> bytes | None:
        new_id = None
        fields = session.encoded()
        if can_set_cookie:
            new_id = await self._store_as_new(app, session, fields)
        elif fields:
            app.logger.warning(
                'A websocket began a session: it is lost, for an accepted websocket cannot set a '
                'cookie'
            )
        # Only then, so that a failure leaves the old one as it was.
        if session.id is not None and not await self.store.delete(session.id):
            if new_id is not None:
                await self.store.delete(new_id)
            return GONE
        emptied = session.replaced or session.id is not None
        session.id = new_id
        if new_id is not None:
            return SAVED
        return EMPTIED if emptied else None

    async def _store_as_new(self, app: Quart, session: RedisSession, fields: Fields) -> str | None:
        if not fields:
            return None
        session.created = session.refreshed = lifetime.now()
        return await self.store.create(
            fields, lifetime=lifetime.remaining(app, session), now=session.created
        )

    def _answer(
        self,
        app: Quart,
        session: RedisSession,
        response: Response | WerkzeugResponse | None,
        outcome: bytes | None,
    ) -> None:
        if outcome == GONE:
            app.logger.warning('Session changes dropped: it ended elsewhere in the meantime')
        elif response is None:
            return
        elif outcome == EMPTIED:
            self.delete_cookie(app, response)
            vary_by_cookie(response)
        elif outcome == SAVED and self.should_set_cookie(app, session):
            header = self.cookie_header(app, session, cast(str, session.id))
            response.headers.add('Set-Cookie', header)
            vary_by_cookie(response)

    def get_expiration_time(self, app: Quart, session: SessionMixin) -> datetime | None:
        """Return when the browser shall forget the cookie: None for a browser session."""
        expires = super().get_expiration_time(app, session)
        return expires and datetime.now(UTC) + timedelta(
            milliseconds=lifetime.remaining(app, cast(RedisSession, session))
        )

    def expires_at(self, app: Quart, session: RedisSession) -> datetime:
        """Return when the session ends if this is its last use."""
        return datetime.fromtimestamp(lifetime.end(app, session) // 1000, UTC)

    async def _save_at_end(self, app: Quart, **_: Any) -> None:
        # When the client closes a websocket, Quart saves no session.
        current = cast(Any, session)._get_current_object()
        if not isinstance(current, RedisSession) or current.lost:
            return
        # Until it is accepted, a new one may yet get its cookie.
        if not current.saved and (current.id is not None or current.headers_sent):
            await self.save_session(app, current, None)
        # It may be a copy of the context that ended, and the websocket goes on.
        current.saved = False
