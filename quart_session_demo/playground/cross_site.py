"""Whether another site made a browser send a request (OWASP ASVS 5.0, 3.5.1)."""

from quart import Request


def is_cross_site(request: Request) -> bool:
    """Tell whether a browser says that a page of another origin sent this.

    `SameSite` alone does not do: another port or subdomain is the same site. A request with
    neither header comes from no current browser, and so with no cookie of a visitor's.

    Source: Fetch Metadata (Sec-Fetch-Site), RFC 6454 (Origin); Go's net/http decides alike.
    """
    site = request.headers.get('Sec-Fetch-Site')
    if site is not None:
        return site not in ('same-origin', 'none')
    origin = request.headers.get('Origin')
    # The scheme may differ behind a router that ends TLS.
    return origin is not None and origin.partition('://')[2] != request.host
