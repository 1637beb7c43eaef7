"""ASGI middleware for any app: each class wraps one ASGI app.

`add_middleware(app)` wraps a Quart app in all of them. To use only some, wrap `app.asgi_app` and
not `app`, which Quart's command line and test client need as a Quart app:
`app.asgi_app = SecurityHeadersMiddleware(app.asgi_app)`.
"""

from quart_session_demo.middleware.bad_request import BadRequestMiddleware
from quart_session_demo.middleware.force_https import ForceHttpsMiddleware
from quart_session_demo.middleware.health import HealthMiddleware
from quart_session_demo.middleware.security_headers import SecurityHeadersMiddleware
from quart_session_demo.middleware.trusted_host import TrustedHostMiddleware
from quart_session_demo.middleware.trusted_proxies import TrustedProxiesMiddleware
from quart_session_demo.middleware.websocket_rejection import WebsocketRejectionMiddleware
from quart_session_demo.middleware.wiring import add_middleware

__all__ = [
    'BadRequestMiddleware',
    'ForceHttpsMiddleware',
    'HealthMiddleware',
    'SecurityHeadersMiddleware',
    'TrustedHostMiddleware',
    'TrustedProxiesMiddleware',
    'WebsocketRejectionMiddleware',
    'add_middleware',
]
