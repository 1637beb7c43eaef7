"""The files of a form in a steps file."""

import re
from mimetypes import guess_type
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar('T')


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a form, in `files`.

    Attributes:
        name: Its name; the default is that of `path`.
        type: Its media type; the default is that of its name.
        content: Its content as text.
        path: Instead of `content`, the file with the content. In TOML relative to the steps file.
    """

    name: str | None = None
    type: str | None = None
    content: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        """Validate what the types do not validate."""
        if (self.content is None) == (self.path is None):
            raise ValueError('a file needs `content` or `path`: write one of them')
        if self.path is None and self.name is None:
            raise ValueError('a file with `content` needs a `name`: add it')
        if self.type is not None and not re.fullmatch(r'[!-~]+/[ -~]+', self.type):
            raise ValueError(
                f'`type` {self.type!r} is not a media type: use one such as text/plain'
            )

    @property
    def filename(self) -> str:
        """The name that is sent."""
        return Path(self.path or '').name if self.name is None else self.name

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.type or guess_type(self.filename)[0] or 'application/octet-stream'


def as_list(value: T | list[T]) -> list[T]:
    """Return a list as it is, and anything else as a list with one item."""
    return value if isinstance(value, list) else [value]
