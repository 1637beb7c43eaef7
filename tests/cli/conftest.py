"""A session's own tag, in the apps whose cookies the commands read."""

from fractions import Fraction
from typing import Any

from flask.json.tag import JSONTag


class FractionTag(JSONTag):
    """Stores a fraction as its text."""

    key = ' f'

    def check(self, value: Any) -> bool:
        return isinstance(value, Fraction)

    def to_json(self, value: Any) -> str:
        return str(value)

    def to_python(self, value: Any) -> Fraction:
        return Fraction(value)
