"""The attributes of the session cookie, as the app sends them."""

from quart import current_app
from werkzeug.http import dump_cookie

from quart_session_demo.sessions.base import cookie_attributes

#: The attributes that the page lists even when they are not set.
ALWAYS_SHOWN = (
    'HttpOnly',
    'Secure',
    'SameSite',
)


def sent_attributes() -> dict[str, str]:
    """Return each attribute, such as `SameSite=Lax`, by its name. The text is empty if not set."""
    # Read from a header, because Werkzeug changes some attributes: Partitioned adds Secure.
    header = dump_cookie('any', **cookie_attributes(current_app.session_interface, current_app))
    _, *sent = header.split('; ')
    by_name = {attribute.partition('=')[0]: attribute for attribute in sent}
    return dict.fromkeys(ALWAYS_SHOWN, '') | by_name
