"""What a visitor typed, as a Python value."""

import json
import math
from typing import Any

from quart_session_demo.sessions.inspector import nesting_levels

MAX_NESTING = 50


class NestedTooDeeply(ValueError):
    """Raised for JSON that is nested deeper than a session can hold."""


def parse(text: str) -> Any:
    """Return the value that a text is in JSON, or else the text itself.

    Raises:
        NestedTooDeeply: It is JSON, but nested deeper than `MAX_NESTING` levels.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise NestedTooDeeply from None
    except ValueError:
        return text
    if sum(1 for _ in nesting_levels(value)) > MAX_NESTING:
        raise NestedTooDeeply
    return value


def _refuse(constant: str) -> Any:
    # Python's JSON knows NaN and Infinity; JSON does not.
    raise ValueError(constant)


def _finite(number: str) -> float:
    # Such as 1e999, which would come back from JSON as Infinity.
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value
