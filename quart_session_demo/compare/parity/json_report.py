"""Report the results as JSON."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from quart_session_demo.compare.harness.recording import IGNORED_HEADERS, RecordedResponse
from quart_session_demo.compare.parity.comparison import StepResult
from quart_session_demo.compare.parity.report import count_results

#: The packages whose versions are reported.
COMPARED_PACKAGES = (
    'flask',
    'quart',
    'werkzeug',
    'itsdangerous',
    'gunicorn',
    'hypercorn',
)


def json_content(results: Sequence[StepResult]) -> dict[str, Any]:
    """Return the results as objects for `json.dump`."""
    return {
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in COMPARED_PACKAGES},
        'left_out': dict(IGNORED_HEADERS),
        'summary': count_results(results),
        'steps': [
            {
                'name': result.step.name,
                'visitor': result.step.user,
                'request': f'{result.step.method} {result.step.path}',
                'same': result.same,
                'differences': [
                    {
                        'field': str(item.field),
                        'sync': item.sync,
                        'async': item.async_,
                        'on_purpose': item.expected.reason if item.expected else None,
                    }
                    for item in result.differences
                ],
                'sync': _named_fields(result.sync),
                'async': _named_fields(result.async_),
                'log': {'sync': list(result.sync_log), 'async': list(result.async_log)},
            }
            for result in results
            if result.step.restart is None
        ],
    }


def _named_fields(response: RecordedResponse | None) -> dict[str, str]:
    return {str(field): value for field, value in response.fields().items()} if response else {}
