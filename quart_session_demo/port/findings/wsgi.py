"""Find what only a WSGI app has: its middleware, and the `environ` of a request."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis.kinds import Member
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.imports import imported_modules
from quart_session_demo.port.findings.finding import Finding, finding, shorten

_PROXY_FIX = '`TrustedProxiesMiddleware`, from `quart_session_demo.middleware`'

#: Modules of Werkzeug that are for WSGI, and what to use instead of what is in them.
MODULES = {
    'werkzeug.contrib.fixers': _PROXY_FIX,
    'werkzeug.middleware.dispatcher': "Hypercorn's `DispatcherMiddleware`",
    'werkzeug.middleware.lint': 'nothing: it checks WSGI',
    'werkzeug.middleware.profiler': 'a profiler of processes, such as py-spy',
    'werkzeug.middleware.proxy_fix': _PROXY_FIX,
    'werkzeug.middleware.shared_data': '`send_from_directory` in a route, or the proxy',
    'werkzeug.wsgi': '`request.scope`, as ASGI defines it',
}

_REMEDIES = {
    'environ': 'use `request.scope`, as ASGI defines it',
    'wsgi_app': 'use `app.asgi_app`, with a middleware for ASGI',
}


def find_wsgi(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield imports, attributes and functions for WSGI."""
    found = propagation.collected[module]
    for statement in found.imports:
        for name in imported_modules(statement):
            if name in MODULES:
                text = f'`{name}` is for WSGI, and Quart is an ASGI app'
                yield finding(module, statement, 'wsgi', text, f'use {MODULES[name]}')
    statements: set[cst.CSTNode | None] = set()
    for node in found.attributes:
        match propagation.kinds.of(module, node):
            case Member('App' | 'Request', name) if name in _REMEDIES:
                statement_ = next(
                    (item for item in module.parents(node) if isinstance(item, cst.BaseStatement)),
                    None,
                )
                if statement_ not in statements:
                    statements.add(statement_)
                    text = f'Quart has no `{shorten(module, node)}`'
                    yield finding(module, node, 'wsgi', text, _REMEDIES[name])
    for function in found.functions.values():
        parameters = [item.name.value for item in function.node.params.params]
        if parameters[-2:] == ['environ', 'start_response']:
            text = f'{function.name}() is for WSGI, and Quart is an ASGI app'
            remedy = 'make it `async def __call__(self, scope, receive, send)`'
            yield finding(module, function.node, 'wsgi', text, remedy)
