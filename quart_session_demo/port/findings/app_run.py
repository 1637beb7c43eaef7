"""Find the development server of an app that was on Flask."""

from collections.abc import Iterator

import libcst as cst

from quart_session_demo.port.analysis.kinds import Member
from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.imports import imports_flask
from quart_session_demo.port.findings.finding import Finding, finding, shorten


def find_app_runs(module: Module, propagation: Propagation) -> Iterator[Finding]:
    """Yield `app.run()` where someone may serve users with it."""
    found = propagation.collected[module]
    if not module.was_ported and not any(map(imports_flask, found.imports)):
        return
    for call in found.calls:
        if propagation.kinds.of(module, call.func) == Member('App', 'run'):
            owner = call.func.value if isinstance(call.func, cst.Attribute) else call.func
            target = f'{module.name or "app"}:{shorten(module, owner)}'
            yield finding(
                module,
                call,
                'app-run',
                f'`{shorten(module, call)}` is for development only, in Quart as in Flask',
                f'serve users with `hypercorn {target}` '
                f'or `python -m quart_session_demo.serve {target}`',
            )
