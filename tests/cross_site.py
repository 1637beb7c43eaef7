"""The headers of forms that a page of another origin sends."""

#: For each of them, a page must refuse the form.
HEADERS = [
    {'Sec-Fetch-Site': 'cross-site'},
    {'Sec-Fetch-Site': 'same-site'},
    {'Sec-Fetch-Site': 'cross-site', 'Origin': 'http://localhost'},
    {'Origin': 'https://evil.example'},
    {'Origin': 'http://localhost:8001'},
    {'Origin': 'null'},
    {'Origin': 'http://['},
]
