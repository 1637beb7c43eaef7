"""The start command of each server, as the `web:` line of a Procfile has it.

The platform sets `PORT` and, if it runs several processes, `WEB_CONCURRENCY`. `{app}` stands for
the app, `module:app`.
"""

LINES = {
    'starter': 'exec python -m quart_session_demo.serve {app}',
    'hypercorn': (
        'exec hypercorn --bind "0.0.0.0:$PORT" --workers "${WEB_CONCURRENCY:-1}"'
        ' --worker-class uvloop --backlog 1024 --keep-alive 100 --graceful-timeout 25 {app}'
    ),
    'gunicorn': (
        'exec gunicorn --worker-class asgi --bind "0.0.0.0:$PORT" --keep-alive 100'
        ' --graceful-timeout 25 --forwarded-allow-ips= --no-control-socket {app}'
    ),
    'uvicorn': (
        'exec uvicorn --host 0.0.0.0 --port "$PORT" --timeout-keep-alive 100'
        ' --timeout-graceful-shutdown 25 --no-proxy-headers --no-access-log {app}'
    ),
    'granian': (
        'exec granian --interface asgi --host 0.0.0.0 --port "$PORT"'
        ' --workers "${WEB_CONCURRENCY:-1}" --respawn-failed-workers'
        ' --http1-header-read-timeout 60000 --workers-kill-timeout 25 {app}'
    ),
}
