"""Whether a browser sent a request from a page of another origin."""

from quart import Request


def is_cross_site(request: Request) -> bool:
    """Return whether a browser sent the request from a page of another origin.

    `SameSite` is not enough: another port or subdomain is the same site. All current browsers
    send one of the two headers, so a request without them has no cookie of a browser's user.

    Source: OWASP ASVS 5.0, 3.5.1; Fetch Metadata (Sec-Fetch-Site); RFC 6454 (Origin). Go's
    `net/http.CrossOriginProtection` has the same rules.
    """
    site = request.headers.get('Sec-Fetch-Site')
    if site is not None:
        return site not in ('same-origin', 'none')
    origin = request.headers.get('Origin')
    # The scheme is not compared: it differs behind a proxy that terminates TLS.
    return origin is not None and origin.partition('://')[2] != request.host
