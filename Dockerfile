# Python 3.13, with Quart 0.23: one of the versions that .ci/run tests.
FROM python:3.13-slim

WORKDIR /app

# The layer of the dependencies is built again only if they change.
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

# Compiled here, because the container's user may not write.
COPY quart_session_demo quart_session_demo
RUN python -m compileall -q quart_session_demo

# Kubernetes can check only a number for `runAsNonRoot`.
USER 10001:10001

# Secrets are given to the container. In the image, each of its users could read them.
ENV QUART_PRODUCTION=true PORT=8000
EXPOSE 8000

# The slim image has no curl. Python's urllib.request would obey HTTP_PROXY.
HEALTHCHECK --start-period=30s --timeout=5s CMD ["python", "-c", "\
from http.client import HTTPConnection; \
from os import environ; \
connection = HTTPConnection('127.0.0.1', environ['PORT'], timeout=3); \
connection.request('GET', '/health'); \
raise SystemExit(connection.getresponse().status != 200)"]

# What the Procfile starts. Without a shell, the server itself receives the signals.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "quart_session_demo.serve", "quart_session_demo:app"]
