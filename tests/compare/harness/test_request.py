"""What is sent for a step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from quart_session_demo.compare.harness.cookies import make_jar
from quart_session_demo.compare.harness.files import File
from quart_session_demo.compare.harness.request import encode_request
from quart_session_demo.compare.harness.steps import Step


@contextmanager
def received(step: Step, **captured: str) -> Iterator[Request]:
    """Yield the request as Flask gets it."""
    path, headers, body = encode_request(step, captured, make_jar())
    builder = EnvironBuilder(path, method=step.method, headers=headers.items(), data=body)
    with builder.get_request() as request:
        yield request


def contents(files: list[FileStorage]) -> list[tuple[str | None, str, bytes]]:
    """Return the name, the media type and the content of each file."""
    return [(file.filename, file.mimetype, file.read()) for file in files]


def test_fields_of_a_form_may_repeat() -> None:
    """A list of values is sent as several fields of one name, with captured values."""
    form: dict[str, str | list[str]] = {'tag': ['a', '$x & y'], 'empty': [], 'one': '会'}

    with received(Step('s', '/', method='POST', form=form), x='found') as request:
        assert request.mimetype == 'application/x-www-form-urlencoded'
        assert request.form.to_dict(flat=False) == {'tag': ['a', 'found & y'], 'one': ['会']}


def test_files_are_sent_with_the_form(tmp_path: Path) -> None:
    """Files are sent as browsers send them: their bytes, names and types, beside the fields."""
    picture = tmp_path / 'picture.png'
    picture.write_bytes(b'\x89PNG\r\n--boundary\xff')
    step = Step(
        's',
        '/',
        method='POST',
        form={'token': '$x', 'tag': ['a', 'b']},
        files={
            'photo': File(path=str(picture)),
            'notes': [
                File(name='a "$x".txt', content='$x $$'),
                File(name='b', type='text/csv', content='你好\n'),
            ],
        },
    )

    with received(step, x='found') as request:
        assert request.mimetype == 'multipart/form-data'
        assert request.form.to_dict(flat=False) == {'token': ['found'], 'tag': ['a', 'b']}
        assert contents(request.files.getlist('photo')) == [
            ('picture.png', 'image/png', b'\x89PNG\r\n--boundary\xff')
        ]
        assert contents(request.files.getlist('notes')) == [
            ('a "found".txt', 'text/plain', b'found $'),
            ('b', 'text/csv', '你好\n'.encode()),
        ]


def test_files_need_no_form() -> None:
    """A file without a known type is sent as bytes, and an empty file as well."""
    files: dict[str, File | list[File]] = {
        'empty': File(name='', content=''),
        'data': File(name='x.unknown', content='1'),
    }

    with received(Step('s', '/', method='POST', files=files)) as request:
        assert contents([request.files['data']]) == [
            ('x.unknown', 'application/octet-stream', b'1')
        ]
        assert request.files['empty'].read() == b''


@pytest.mark.parametrize(
    ('headers', 'content_type'),
    [({}, 'text/plain;charset=UTF-8'), ({'content-type': 'text/xml'}, 'text/xml')],
)
def test_body_is_sent_as_it_is(headers: dict[str, str], content_type: str) -> None:
    """A body is sent in UTF-8, with captured values, as text or with the step's Content-Type."""
    step = Step('s', '/', method='POST', headers=headers, body='<a>$x 会</a>\n')

    with received(step, x='found') as request:
        assert request.data == '<a>found 会</a>\n'.encode()
        assert request.content_type == content_type


def test_equal_steps_are_sent_alike() -> None:
    """Both apps get the same bytes, so that only their responses can differ."""
    step = Step('s', '/', method='POST', files={'f': File(name='f', content='x')})

    assert encode_request(step, {}, make_jar()) == encode_request(step, {}, make_jar())
