"""How large a session may be, and the refusal to store a larger one."""

from dataclasses import dataclass

#: The setting with the largest content of a session cookie, in bytes before its compression.
CONTENT_LIMIT = 'SESSION_COOKIE_MAX_DECOMPRESSED'
#: Text of this size is read in less than a millisecond, the worst content in about 40.
DEFAULT_CONTENT_LIMIT = 256 * 1024
#: The setting with the largest size of a session in a store, in bytes.
STORED_LIMIT = 'SESSION_MAX_STORED_SIZE'
#: A request that uses a session of this size occupies the event loop for a few milliseconds if it
#: is text, and for about 80 if it is a list of small items.
DEFAULT_STORED_LIMIT = 1024 * 1024

_SUBJECTS = {
    'MAX_COOKIE_SIZE': 'The session cookie would be {} bytes long',
    CONTENT_LIMIT: 'The session would be {} bytes long before its compression',
    STORED_LIMIT: 'The session would be {} bytes long',
}


@dataclass(frozen=True)
class SaveRefusal:
    """A changed session that was not stored, because it is too large. `str()` is a sentence.

    Attributes:
        size: The size, in bytes, to which the setting applies: of the cookie with its name and
            attributes, of the content before its compression, or of the names and values in the
            store.
        limit: The largest size allowed, in bytes.
        setting: The name of the setting with the limit.
    """

    size: int
    limit: int
    setting: str = 'MAX_COOKIE_SIZE'

    def __str__(self) -> str:
        """Return the sentence for the user, with both sizes."""
        return f'{_SUBJECTS[self.setting].format(self.size)}; the limit is {self.limit} bytes.'


class SessionTooLarge(Exception):
    """Raised where a session is too large to be stored.

    Attributes:
        refusal: The sizes.
    """

    def __init__(self, size: int, limit: int, setting: str) -> None:
        """Make an error with the sizes; `SaveRefusal` describes them."""
        self.refusal = SaveRefusal(size, limit, setting)
        super().__init__(str(self.refusal))
