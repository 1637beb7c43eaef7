"""Short forms of long texts."""

#: The length of a text with its middle cut out, in characters.
MAX_LENGTH = 120
#: The length of a text whose rest is folded, in characters.
MAX_BEGINNING = 200


def shorten(text: str) -> str:
    """Return the text, with its middle cut out if it is long."""
    if len(text) <= MAX_LENGTH:
        return text
    return f'{text[: MAX_LENGTH * 3 // 4]}…{text[-MAX_LENGTH // 4 :]}'
