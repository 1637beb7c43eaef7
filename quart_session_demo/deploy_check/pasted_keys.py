"""Find what was pasted with a key: quotes, white space, or the name of the setting."""

import re

#: White space that files, editors and web pages add: with the byte order mark, the non-breaking
#: space and the zero-width space in UTF-8.
_SPACE = rb'(?:\s|\xef\xbb\xbf|\xc2\xa0|\xe2\x80\x8b)*'
#: The setting's name before its value, as in a shell, a `.env` file or YAML.
_NAME = re.compile(rb'(?:(?:export|set) |\$env:)?(?:\w+_)?SECRET_KEY ?[=:] ?(.*)', re.DOTALL)
_SURROUNDED = re.compile(_SPACE + rb'(.*?)' + _SPACE, re.DOTALL)
#: Straight and typographic quotes.
_QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ('`', '`'),
    ('“', '”'),
    ('„', '“'),
    ('‘', '’'),
    ('«', '»'),
)
#: The smallest key for which a quote at one end only was not a part of it.
MIN_HALF_QUOTED = 40
#: The forms of the keys that generators print: hexadecimal, Base64, Django's and joined words. A
#: random key of all printable characters may begin or end with a quote or a space. Then it has
#: none of these forms, except for one key of 32 characters in five million.
_PRINTED = re.compile(
    rb'[A-Za-z0-9+/]+={0,2}|[\w-]+={0,2}|[a-z0-9!@#$%^&*(\-_=+)]{40,}|[A-Za-z]+(?:[ .][A-Za-z]+)+'
)
#: Bytes as Python prints them. They have a few escapes.
_PYTHON_BYTES = re.compile(rb"""b(['"])(.*)\1""", re.DOTALL)
_MIN_ESCAPES = 2


def clean_key(key: bytes) -> bytes:
    """Return a key without what was pasted with it. A random key stays as it is."""
    text = _stripped(key)
    if named := _NAME.fullmatch(text):
        return _unquoted(named[1])
    printed = _PYTHON_BYTES.fullmatch(text)
    if printed and len(re.findall(rb'\\x[0-9a-f]{2}', printed[2])) >= _MIN_ESCAPES:
        return printed[2]
    text = _unquoted(text.removeprefix(b'b') if text[1:2] in (b'"', b"'") else text)
    if _PRINTED.fullmatch(text):
        return text
    # A quote at one end only. A shorter random key could be like that.
    inner = text.strip(b'"\'`')
    return inner if len(inner) >= MIN_HALF_QUOTED and _PRINTED.fullmatch(inner) else key


def _unquoted(text: bytes) -> bytes:
    for left, right in _QUOTES:
        start, end = left.encode(), right.encode()
        if text.startswith(start) and text.endswith(end) and len(text) > len(start + end):
            return _stripped(text[len(start) : -len(end)])
    return text


def _stripped(text: bytes) -> bytes:
    match = _SURROUNDED.fullmatch(text)
    return match[1] if match else text
