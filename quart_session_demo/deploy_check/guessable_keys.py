"""Detect secret keys that an attacker can guess: too little entropy, placeholders and examples.

There is no dictionary, so that a key of joined random words is never taken for a placeholder.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress

from quart_session_demo.config.validation import MIN_KEY_BYTES
from quart_session_demo.deploy_check.key_entropy import MIN_BITS, entropy_bits
from quart_session_demo.deploy_check.pasted_keys import clean_key

#: Keys of documentation, in lower case. They practically never occur in a random key.
PUBLISHED_KEYS = (
    # Flask's documentation, today and in earlier versions; the first also as Python prints it.
    '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
    '_5#y2l"f4q8z\n\xec]/',
    '_5#y2l"f4q8z\\n\\xec]/',
    'a0zr98j/3yx r~xhh!jmn]lwx/,?rt',
    # The documentation of FastAPI, Superset, AWS, Flask-Security, Airflow and JWT (jwt.io and RFC
    # 7515, A.1), the default of Redash, and tutorials.
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    'thisismyscretkey',
    'string-secret-at-least-256-bits-long',
    'string-secret-that-is-at-least-',
    'pf9wkove4ikeaxvy-cqkedphv9cb3ag-wyjilbq_dfw',
    '46bkjoqylppoexq0ohdznilnepkff87wfwlbfzqddho',
    'c292a0a3aa32397cdb050e233733900f',
    '404e635266556a586e3272357538782f413f4428472b4b6250',
    'a1b2c3d4e5f6',
    'wjalrxutnfemi/k7mdeng/bpxrficyexamplekey',
    'aym1syspppbydfgzld3umj1qzkobwvmkoqq-estjqlr_t-1qs0gzh75aktmn3yj0ips4hcguutwjazzr1z9caow',
    # A key that Django writes into a new project.
    'django-insecure-',
    '123e4567-e89b-12d3-a456-426614174000',
    '550e8400-e29b-41d4-a716-446655440000',
    # The digits of pi and e, after the first.
    '141592653589793',
    '718281828459045',
    # Code and files that print a key.
    'openssl rand -',
    'secrets.token_',
    'os.environ',
    '/dev/urandom',
    '/run/secrets/',
)
#: Sentences of examples, without spaces and punctuation.
PUBLISHED_SENTENCES = (
    'correcthorsebatterystaple',
    'thequickbrownfoxjumps',
)
#: Words whose digests are examples.
DIGESTED_WORDS = (
    '',
    '123456',
    'admin',
    'changeme',
    'hello',
    'hello world',
    'key',
    'password',
    'qwerty',
    'secret',
    'test',
)
#: What stands for a key, as words with one space between them. Each alternative has three words, or
#: one that lists for random words do not contain: short lists have both words of `my secret`.
PLACEHOLDER = re.compile(
    r'\b(change|replace) (me|(this|with|the|your) (\w+ )?(key|secret|password|string|value))\b'
    r'|\b(change|replace|not) (\w+ )?(for|in) production\b'
    r'|\b(changeme|replaceme|mysecret|secretkey|supersecret|supersecretkey)\b'
    r'|\b(your|my|our) ((own|very|super|long|random|private|flask|jwt|256 bit|secret) ){1,3}'
    r'(secret|key|password|passphrase)\b'
    r'|\byour (secret|key|password|passphrase) (goes )?here\b'
    r'|\bsecret key (for|in|of|to)\b'
    r'|\b(app|default|dev|development|flask|insecure|super|test|very) secret key\b'
    r'|\b(django|jwt|quart) secret\b'
    r'|\bat least \d+ (bit|byte|char|character)s?\b|\blong random string\b'
    r'|\bdo not use\b|\bnot (a|so|very) secret\b|\bfor (development|testing) only\b'
)
#: A variable, command or tag that was not replaced by its value.
TEMPLATE = re.compile(
    r'\$\{\w+(:?[-=?+][^{}]*)?\}|\$\w+'
    r'|\$\([a-z][\w.-]* .*\)|`(cat|head|openssl|pwgen|python3?|uuidgen)\b.*`'
    r'|\{\{[^{}]+\}\}|%[a-z_]\w*%'
    r'|<[\w .:()-]+>|\[[\w .:-]+\]',
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
#: Words of sentences. Lists for random words do not contain them, as they have few letters.
FUNCTION_WORDS = re.compile(
    'an|and|are|as|at|be|but|by|do|for|has|if|in|is|it|its|me|my|not|of|on|or|the|to|was|we|your'
)
#: A text of words, with an apostrophe or punctuation here and there.
SENTENCE = re.compile(r"[a-z0-9 ._,;:!?'-]+", re.IGNORECASE)
#: How many of them make a sentence, if they are a third of all words.
MIN_FUNCTION_WORDS = 3

_DIGESTS = frozenset(
    hashlib.new(algorithm, word.encode(), usedforsecurity=False).hexdigest()
    for algorithm in ('md5', 'sha1', 'sha256', 'sha512')
    for word in DIGESTED_WORDS
)
_EXAMPLES = (*PUBLISHED_KEYS, *_DIGESTS)


def is_guessable(key: bytes) -> bool:
    """Return whether a key has little entropy, or is a placeholder or a well-known example.

    White space and quotes around the key are ignored, and so is the case of letters. A key that is
    the hexadecimal or Base64 form of a text is judged by that text, too.
    """
    key = clean_key(key)
    if TEMPLATE.fullmatch(key.decode('latin-1')) or _is_repeated(key):
        return True
    return any(_is_weak(form.decode('latin-1')) for form in (key, *_decoded(key)))


def _is_weak(text: str) -> bool:
    return _contains_example(text.lower()) or _is_phrase(text) or entropy_bits(text) < MIN_BITS


def _is_repeated(key: bytes) -> bool:
    """Return whether a text too short for a key is written twice or more."""
    longest = min(MIN_KEY_BYTES - 1, len(key) // 2)
    return any(key.startswith(key[size:]) for size in range(1, longest + 1))


def _contains_example(text: str) -> bool:
    return any(example in text for example in _EXAMPLES)


def _is_phrase(text: str) -> bool:
    """Return whether a text contains a placeholder of several words, or is an English sentence."""
    if not text.isascii():
        return False
    words = re.findall('[a-z0-9]+', text.lower())
    joined = ''.join(words)
    if any(sentence in joined for sentence in PUBLISHED_SENTENCES):
        return True
    if PLACEHOLDER.search(' '.join(words)):
        return True
    found = sum(FUNCTION_WORDS.fullmatch(word) is not None for word in words)
    return found >= max(MIN_FUNCTION_WORDS, len(words) / 3) and SENTENCE.fullmatch(text) is not None


def _decoded(key: bytes) -> Iterator[bytes]:
    """Yield what a key encodes, if that is not more random than the key looks."""
    with suppress(ValueError):
        yield binascii.unhexlify(key)
    try:
        # The padding may have been left out.
        padded = key.rstrip(b'=') + b'=' * (-len(key.rstrip(b'=')) % 4)
        decoded = base64.b64decode(padded, altchars=b'-_', validate=True)
    except ValueError:
        return
    # Other bytes are what a generator made.
    if decoded.isascii():
        yield decoded
