"""The walk of the tutorial without a shell: `python examples/walk.py [URL]`."""

import sys
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, build_opener

url = sys.argv[1] if sys.argv[1:] else 'http://127.0.0.1:8000'
# It stores the session cookie and sends it again, as a browser does.
browser = build_opener(HTTPCookieProcessor())
for path in (
    '/',
    '/get_session/',
    '/del_session/pop/',
    '/get_session/',
    '/',
    '/del_session/del/',
    '/browser_session/',
    '/get_session/',
    '/del_session/',
    '/del_session/pop/',
):
    try:
        response = browser.open(url.rstrip('/') + path)
    except HTTPError as error:
        response = error
    except URLError as error:
        sys.exit(f'{url} cannot be reached ({error.reason}): start the app first')
    print(f'{response.status} {path:18} {response.read().decode()}')
