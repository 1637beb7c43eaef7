"""Hosting platforms, which are recognized by the environment variables that they set.

Sources: the documentation of each platform, November 2026.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """A platform that may delete files at each deploy, and sends requests through its proxies.

    Attributes:
        name: Its name.
        variables: Environment variables of which it sets at least one.
        proxies: How many proxies of it a request passes, each of which adds a value to
            `X-Forwarded-For`; None if that is not documented.
    """

    name: str
    variables: tuple[str, ...]
    proxies: int | None = None


PLATFORMS = (
    Platform('AWS Lambda', ('AWS_LAMBDA_FUNCTION_NAME',)),
    Platform('App Engine', ('GAE_APPLICATION', 'GAE_ENV', 'GAE_SERVICE')),
    Platform('Azure App Service', ('WEBSITE_SITE_NAME',)),
    Platform('Cloud Run', ('K_SERVICE',)),
    # The last value is the address of the app itself.
    Platform('Fly.io', ('FLY_APP_NAME',), 2),
    # Dokku sets it, too.
    Platform('Heroku', ('DYNO',), 1),
    Platform('Koyeb', ('KOYEB_APP_NAME',)),
    Platform('Railway', ('RAILWAY_ENVIRONMENT_NAME', 'RAILWAY_ENVIRONMENT')),
    # Users report two and three: one is Cloudflare's.
    Platform('Render', ('RENDER',)),
    Platform('Scalingo', ('SCALINGO_APPLICATION_ID',), 1),
)


def find_platform() -> Platform | None:
    """Return the platform on which this process runs, or None if it is unknown."""
    return next(
        (
            platform
            for platform in PLATFORMS
            if any(os.environ.get(variable) for variable in platform.variables)
        ),
        None,
    )
