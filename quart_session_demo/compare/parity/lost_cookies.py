"""Find cookies that no user stores, because their Domain does not include the host."""

from collections.abc import Iterable

from quart_session_demo.compare.harness.cookies import host_name, includes_host
from quart_session_demo.compare.harness.request import request_host
from quart_session_demo.compare.parity.comparison import StepResult


def lost_cookies(results: Iterable[StepResult]) -> list[str]:
    """Return a hint for each cookie with a Domain that does not include the host of its step.

    Both apps lose such a cookie, so their responses may be the same without it.
    """
    hints: dict[tuple[str, str], str] = {}
    for result in results:
        host = request_host(result.step.headers)
        for response in (result.sync, result.async_):
            for name, parts in response.cookies if response else ():
                domain = parts.get('domain')
                if domain and not includes_host(domain, host):
                    hints.setdefault(
                        (name, domain),
                        f'step {result.step.name!r}: the cookie {name!r} is not stored, because '
                        f'its domain {domain!r} does not include the host {host_name(host)!r}; '
                        'change the domain, or send another Host header with every step',
                    )
    return list(hints.values())
