"""A random key is never taken for a guessable one; a placeholder or an example always is."""

import base64
import random
import re
import string
from collections.abc import Callable
from pydoc_data.topics import topics

import pytest

from quart_session_demo.deploy_check.guessable_keys import is_guessable
from quart_session_demo.deploy_check.pasted_keys import clean_key

PRINTABLE = ''.join(map(chr, range(32, 127)))
DJANGO = 'abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)'
#: The words of a long text, as a list for random words has them.
WORDS = sorted({*re.findall(r'\b[a-z]{4,}\b', ' '.join(topics.values()))})

Generator = Callable[[random.Random], str | bytes]


def characters(alphabet: str, size: int) -> Generator:
    return lambda source: ''.join(source.choices(alphabet, k=size))


def encoded(encode: Callable[[bytes], str | bytes], size: int) -> Generator:
    return lambda source: encode(source.randbytes(size))


def words(count: int, separator: str, change: Callable[[str], str] = str) -> Generator:
    return lambda source: separator.join(map(change, source.choices(WORDS, k=count)))


GENERATORS: dict[str, Generator] = {
    **{f'token_hex({size})': encoded(bytes.hex, size) for size in (16, 24, 32, 64)},
    **{
        f'token_urlsafe({size})': encoded(
            lambda key: base64.urlsafe_b64encode(key).rstrip(b'='), size
        )
        for size in (24, 32, 64)
    },
    **{f'urandom({size})': encoded(bytes, size) for size in (32, 64)},
    'urandom(24), Latin-1': encoded(lambda key: key.decode('latin-1'), 24),
    **{f'base64({size})': encoded(base64.b64encode, size) for size in (24, 32, 50)},
    'base32': encoded(base64.b32encode, 20),
    'base85': encoded(base64.b85encode, 32),
    'hex in upper case': encoded(lambda key: key.hex().upper(), 32),
    **{f'printable({size})': characters(PRINTABLE, size) for size in (32, 64)},
    **{f'string.printable({size})': characters(string.printable, size) for size in (32, 64)},
    'punctuation': characters(string.ascii_letters + string.digits + string.punctuation, 32),
    'lower case': characters(string.ascii_lowercase, 32),
    'Django': characters(DJANGO, 50),
    **{f'digits({size})': characters(string.digits, size) for size in (32, 40, 77)},
    **{
        f'words joined by {separator!r}': words(8, separator)
        for separator in ('', ' ', '-', '_', '.')
    },
    'capitalized words': words(8, '', str.capitalize),
}


@pytest.mark.parametrize('generator', GENERATORS.values(), ids=GENERATORS)
def test_random_key_is_not_guessable(generator: Generator) -> None:
    """No key of a usual generator is refused, nor changed as if something was pasted with it."""
    # The same keys in each run.
    source = random.Random(17)  # noqa: S311

    for _ in range(2000):
        key = generator(source)
        raw = key.encode() if isinstance(key, str) else key
        assert not is_guessable(raw), raw
        assert clean_key(raw) == raw


@pytest.mark.parametrize(
    'key',
    [
        'changeme' * 5,
        'ChangeMe' * 5,
        'secret-key-' * 4,
        'x7Kp2mQz' * 4,
        'deadbeefcafebabe' * 2,
        '12345678' * 4,
        '13579135791357913579135791357913',
        'abcdefghijklmnopqrstuvwxyzABCDEFGH',
        '00112233445566778899aabbccddeeff',
        '\0' * 32,
        '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9',
        'lkjhgfdsapoiuytrewqmnbvcxz098765432',
        'this is a very secret key for my app',
        'replace-me-with-a-long-random-string',
        'CHANGE_ME_TO_A_LONG_RANDOM_STRING!!!',
        'your_super_secret_key_for_production',
        'test-secret-key-for-unit-tests-only!',
        '<put-your-secret-key-here-please-ok>',
        '${SECRET_KEY:-a-default-of-the-shell}',
        '$(openssl rand -base64 32 | head -c 64)',
        '{{ secret_key_from_the_vault_of_app }}',
        '%SECRET_KEY_FROM_THE_ENVIRONMENT_X%',
        '$SECRET_KEY_FROM_THE_ENVIRONMENT_X',
        'django-insecure-#x9v!k2m3n4b5v6c7x8z9a1s2d3f4',
        '\t192B9BDD22AB9ED4D12E236C78AFCB9A393EC15F71BBF5DC987D54727823BCBF \n',
        'A0Zr98j/3yX R~XHH!jmN]LWX/,?RT' + 'x',
        'your-secret-key-change-in-production',
        'dev-secret-key-not-for-production-use',
        'a_secret_with_at_least_32_characters_',
        'this-should-be-a-long-random-string',
        'placeholder-placeholder-placeholder',
        '$(dd if=/dev/urandom bs=32 count=1 | base64)',
        '<paste the output of token_hex() here>',
        'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
        'pf9Wkove4IKEAXvy-cQkeDPhv9Cb3Ag-wyJILbq_dFw',
        '1q2w3e4r5t6y7u8i9o0p1q2w3e4r5t6y',
        base64.urlsafe_b64encode(b'supersecretkeysupersecret').rstrip(b'=').decode(),
        b'supersecretkey12'.hex(),
        base64.b64encode(b'changemechangemechangeme').decode(),
    ],
)
def test_example_is_guessable(key: str) -> None:
    """Repetitions, sequences, placeholders, sentences and well-known keys are found."""
    assert is_guessable(key.encode())


def test_short_text_written_twice_is_guessable() -> None:
    """A text of fewer than 32 bytes is no key, however often it is repeated."""
    text = KEY[:31]

    assert is_guessable(f'{text}{text}'.encode())
    assert is_guessable(f'{text}{text}{text[:9]}'.encode())
    assert not is_guessable(f'{KEY[:32]}{KEY[:32]}'.encode())


@pytest.mark.parametrize(
    'words', ['my-secret', 'your-secret', 'flask-secret', 'change-it', 'my-key']
)
def test_two_joined_words_are_no_placeholder(words: str) -> None:
    """Lists for random words contain these, so that random keys may, too."""
    assert not is_guessable(f'impish-{words}-beefy-mild-varsity-loose-bulky-stinky'.encode())


@pytest.mark.parametrize('key', ['secret', 'password', 'default', 'example'])
def test_word_beside_random_characters_is_no_example(key: str) -> None:
    """A key is not refused for a word: what is random beside it counts."""
    assert not is_guessable(f'{key}-5f0c83d1b97e42a6'.encode() + b'd04be7132c9f')
    assert is_guessable((key * 8).encode())


KEY = '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de'


@pytest.mark.parametrize(
    'template',
    [
        '"{}"',
        "'{}'",
        '`{}`',
        '“{}”',
        '"{}',
        "{}'",
        '{}\n',
        '{}\r\n',
        ' {}',
        '{} ',
        '\ufeff{}',
        '{}\u200b',
        '\xa0{}',
        '"{}"\n',
        '"{}\n"',
        'SECRET_KEY={}',
        'QUART_SECRET_KEY="{}"',
        'export QUART_SECRET_KEY={}\n',
        'SECRET_KEY: {}',
        "b'{}'",
    ],
)
@pytest.mark.parametrize(
    'key',
    [
        KEY,
        'mbfQ5ueIihrxUKUrTcR3cg8cR8dqeNrQcCEzM1fIXwk',
        'eiHSW+VLC3LAX6+kTGRbFKk/XpfS5A4TFHq6BXOXTOg=',
        '(w=n!z#u1g5t0x@pe5k$8c*4q^m2_rj7&yb3v-6h9sd+fa)l0io',
        'unlisted.dragonfly.abruptly.spearmint.veto.gravel',
    ],
)
def test_pasted_text_is_found(template: str, key: str) -> None:
    """Quotes, white space and the name of the setting around a key are recognized."""
    assert clean_key(template.format(key).encode()) == key.encode()


def test_long_key_is_checked_fast() -> None:
    """Quotes that do not match around many escapes took minutes."""
    key = b"b'" + b'\\x00' * 2000 + b'"'

    assert clean_key(key) == key


def test_printed_bytes_are_recognized() -> None:
    """Python's form of random bytes, pasted as text, is a key with quotes."""
    printed = repr(bytes.fromhex(KEY))

    assert clean_key(printed.encode()) == printed[2:-1].encode()
    assert not is_guessable(printed.encode())
