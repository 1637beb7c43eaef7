"""Numbers as people read them."""

import math


def rounded(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, and commas between thousands."""
    if not value:
        return '0'
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    # 9.99 rounds up to a number with one decimal less.
    decimals = digits - 1 - math.floor(math.log10(abs(round(value, decimals))))
    return f'{round(value, decimals):,.{max(0, decimals)}f}'


def counted(number: int, thing: str) -> str:
    """Return a number of things: 1 user, 2 users."""
    return f'{number} {thing}{"s" if number > 1 else ""}'
