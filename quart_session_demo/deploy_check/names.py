"""Report names that look like settings, but are none, so that their values have no effect."""

from collections.abc import Iterator

from quart import Quart

from quart_session_demo.config import NAME_WARNINGS, name_warnings
from quart_session_demo.sessions.base import Finding

MISSPELLED = Finding(
    'setting-misspelled',
    # A warning only: the name may be one of the user's own.
    'warning',
    '{problem}',
    'Rename it to {meant}, or remove it',
)
FINDINGS = (MISSPELLED,)


def name_findings(app: Quart) -> Iterator[Finding]:
    """Yield the names that look like settings of an app, without their values."""
    # It is unknown which variables another app reads: only its config is checked.
    found = app.extensions.get(NAME_WARNINGS) or name_warnings(app.config, environment={})
    for warning in found:
        problem, _, meant = warning.removesuffix('?').rpartition(': did you mean ')
        yield MISSPELLED.fill(problem=problem, meant=meant)
