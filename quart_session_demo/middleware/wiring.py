"""Put all middleware around an app, in the order in which it works."""

from hypercorn.typing import ASGIFramework
from quart import Quart

from quart_session_demo.middleware.bad_request import BadRequestMiddleware
from quart_session_demo.middleware.force_https import ForceHttpsMiddleware
from quart_session_demo.middleware.health import HealthMiddleware
from quart_session_demo.middleware.security_headers import SecurityHeadersMiddleware
from quart_session_demo.middleware.trusted_host import TrustedHostMiddleware
from quart_session_demo.middleware.trusted_proxies import TrustedProxiesMiddleware
from quart_session_demo.middleware.websocket_rejection import WebsocketRejectionMiddleware

_DEFAULTS = {
    'FORCE_HTTPS': False,
    'STRICT_TRANSPORT_SECURITY': None,
    'TRUSTED_HOSTS': None,
    'TRUSTED_PROXIES': None,
}


def add_middleware(app: Quart) -> None:
    """Wrap an app in every middleware of this package, as its settings require.

    Args:
        app: The app. Its config may have `FORCE_HTTPS`, `STRICT_TRANSPORT_SECURITY`,
            `TRUSTED_HOSTS` and `TRUSTED_PROXIES`, which are read now. `/health/ready` asks the
            session interface that the app has at the time of the request.

    Raises:
        ValueError: `TRUSTED_PROXIES` is invalid. The message names it.
    """
    for name, value in _DEFAULTS.items():
        # In the config, `check-deploy` finds those that are missing.
        app.config.setdefault(name, value)

    async def is_ready() -> bool:
        # Only the interfaces of this package know whether their store works.
        interface_is_ready = getattr(app.session_interface, 'is_ready', None)
        return interface_is_ready is None or await interface_is_ready()

    # From the last to the first that sees a request. Each class describes what it must be inside.
    asgi_app: ASGIFramework = WebsocketRejectionMiddleware(app.asgi_app)
    if app.config['FORCE_HTTPS']:
        asgi_app = ForceHttpsMiddleware(asgi_app)
    asgi_app = TrustedHostMiddleware(asgi_app, app.config['TRUSTED_HOSTS'])
    asgi_app = HealthMiddleware(asgi_app, is_ready)
    # All that sends responses is within this one, which handles the method `head`.
    asgi_app = BadRequestMiddleware(asgi_app)
    try:
        asgi_app = TrustedProxiesMiddleware(asgi_app, app.config['TRUSTED_PROXIES'])
    except ValueError as error:
        # The error of one entry of the list names no setting.
        raise ValueError(f'TRUSTED_PROXIES is invalid: {error}') from None
    app.asgi_app = SecurityHeadersMiddleware(  # type: ignore[method-assign]
        asgi_app, app.config['STRICT_TRANSPORT_SECURITY']
    )
