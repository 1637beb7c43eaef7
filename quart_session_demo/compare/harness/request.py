"""Turn a step into the path, headers and body of a request, for any HTTP client."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from quart_session_demo.compare.harness.cookies import cookie_header
from quart_session_demo.compare.harness.files import File, as_list
from quart_session_demo.compare.harness.steps import FilledStep, Step

#: The host that both apps see. Browsers connect to this machine for any name under localhost.
DEFAULT_HOST = 'app.localhost'


def encode_request(
    step: Step, captured: Mapping[str, str], jar: CookieJar
) -> tuple[str, dict[str, str], bytes | None]:
    """Return a step's path, headers and body.

    Args:
        step: The step.
        captured: The values that replace each `$name`.
        jar: The user's cookies.
    """
    filled = step.filled(captured)
    content_type, body = _encode_body(filled)
    headers = filled.headers
    if content_type:
        headers = _with_default(headers, 'Content-Type', content_type)
    # Both servers get the same Host, so that the apps build the same URLs.
    headers = _with_default(headers, 'Host', DEFAULT_HOST)
    headers = _with_default(headers, 'Accept', '*/*')
    if cookie := cookie_header(jar, request_host(headers), filled.path):
        headers = _with_default(headers, 'Cookie', cookie)
    return filled.path, headers, body


def request_host(headers: Mapping[str, str]) -> str:
    """Return the Host header of a request with these headers."""
    hosts = (value for name, value in headers.items() if name.lower() == 'host')
    return next(hosts, DEFAULT_HOST)


def _with_default(headers: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Return the headers, with a default for one that they do not have."""
    return headers if name.lower() in map(str.lower, headers) else {name: value, **headers}


def _encode_body(step: FilledStep) -> tuple[str | None, bytes | None]:
    """Return the Content-Type and the body."""
    if step.files:
        return _encode_multipart(step.form or {}, step.files)
    if step.form:
        return 'application/x-www-form-urlencoded', urlencode(step.form, doseq=True).encode()
    if step.json is not None:
        text = json.dumps(step.json, ensure_ascii=False, separators=(',', ':'))
        return 'application/json', text.encode()
    if step.body is not None:
        # As browsers send a text.
        return 'text/plain;charset=UTF-8', step.body.encode()
    return None, None


def _encode_multipart(
    form: Mapping[str, str | list[str]], files: Mapping[str, File | list[File]]
) -> tuple[str, bytes]:
    parts = [*_form_parts(form), *_file_parts(files)]
    # Not random, so that both apps get the same bytes, and in no content. At most 70 characters.
    boundary = sha256(b''.join(parts)).hexdigest()
    delimiter = f'--{boundary}\r\n'.encode()
    body = b''.join(delimiter + part + b'\r\n' for part in parts) + f'--{boundary}--\r\n'.encode()
    return f'multipart/form-data; boundary={boundary}', body


def _form_parts(form: Mapping[str, str | list[str]]) -> Iterator[bytes]:
    for name, values in form.items():
        for value in as_list(values):
            header = f'Content-Disposition: form-data; name="{_quote(name)}"'
            yield f'{header}\r\n\r\n{value}'.encode()


def _file_parts(files: Mapping[str, File | list[File]]) -> Iterator[bytes]:
    for name, items in files.items():
        for file in as_list(items):
            header = (
                f'Content-Disposition: form-data; name="{_quote(name)}"; '
                f'filename="{_quote(file.filename)}"\r\nContent-Type: {file.media_type}'
            )
            content = Path(file.path).read_bytes() if file.path else (file.content or '').encode()
            yield f'{header}\r\n\r\n'.encode() + content


def _quote(name: str) -> str:
    """Return a name for a Content-Disposition, escaped as browsers do (HTML, 4.10.21.8)."""
    return name.replace('"', '%22').replace('\r', '%0D').replace('\n', '%0A')
