"""Format numbers for people."""

import math


def format_number(value: float, digits: int = 3) -> str:
    """Return a number rounded to significant digits, with commas between thousands."""
    if not value:
        return '0'
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    # 9.99 rounds to 10, which needs one decimal less.
    decimals = digits - 1 - math.floor(math.log10(abs(round(value, decimals))))
    return f'{round(value, decimals):,.{max(0, decimals)}f}'


def pluralize(number: int, noun: str) -> str:
    """Return a number and a noun: "1 user", "2 users"."""
    return f'{number} {noun}{"s" if number != 1 else ""}'
