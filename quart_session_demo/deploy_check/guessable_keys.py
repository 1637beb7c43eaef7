"""Detect secret keys that an attacker can guess."""

import hashlib
import re
import zlib
from collections.abc import Iterator

#: Parts of keys in examples. They practically never occur in a random key.
EXAMPLE_PARTS = (
    '00010203',
    '00112233',
    '0123456789',
    '1234567890',
    '123e4567-e89b',
    '1qaz2wsx',
    '31415926',
    '-key-',
    '_key_',
    'a1b2c3d4',
    'abcdefgh',
    'application',
    'asdfgh',
    'change',
    'correcthorse',
    'default',
    'dev-key',
    'development',
    'dummy-',
    'example',
    'heroku',
    'insecure',
    'key-here',
    'my-key',
    'passphrase',
    'password',
    'placeholder',
    'please',
    'production',
    'quickbrownfox',
    'qwerty',
    'qwertz',
    'random',
    'replace',
    'secret',
    'session',
    'your-',
    'your_',
    'zhiliao',
    # The key in Flask's documentation.
    '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
)
#: Five words with separators between them. Random letters do not look like that.
PHRASE = re.compile(r'([A-Z]?[a-z]{2,}[-_.]){4}[A-Z]?[a-z]')
#: zlib needs more bytes than this even for 32 random hexadecimal digits.
MIN_COMPRESSED_BYTES = 32


def is_guessable(key: bytes) -> bool:
    """Return whether a key repeats itself or looks like an example."""
    text = key.decode('latin-1')
    lowered = text.lower()
    return (
        len(zlib.compress(key)) < MIN_COMPRESSED_BYTES
        # A sentence, or a variable that was not replaced. Random bytes are rarely all ASCII.
        or (text.isascii() and (' ' in text or '${' in text))
        or text.isdecimal()
        or PHRASE.search(text) is not None
        # Also backwards.
        or any(part in lowered or part in lowered[::-1] for part in EXAMPLE_PARTS)
        or any(digest in lowered for digest in _digests('', 'admin', 'test', *EXAMPLE_PARTS))
    )


def _digests(*texts: str) -> Iterator[str]:
    for text in texts:
        for algorithm in ('md5', 'sha1', 'sha256'):
            yield hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()
