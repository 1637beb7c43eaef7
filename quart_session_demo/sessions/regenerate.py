"""A new id for the current session."""

from typing import Any, cast

from quart import current_app, session


async def regenerate_session() -> None:
    """Give the current session a new id, as a login must (OWASP ASVS 5.0, 7.2.4).

    Whoever knew the id before, knows nothing now: call it wherever a user proves who he is, before
    or after writing that into the session, and again where he gains rights. What is in the session
    stays. The old id dies at this call; a request that is cut off after it costs this one login.
    With the cookie session it does nothing, for there is no id.

    Raises:
        ServiceUnavailable: The store does not answer: nothing of this request is saved.
        RuntimeError: In a websocket, which cannot set the cookie that would hold the new id.
    """
    # Quart's own session interfaces have no such method, and a login with them should not pass.
    interface = cast(Any, current_app.session_interface)
    await interface.regenerate(cast(Any, session)._get_current_object())
