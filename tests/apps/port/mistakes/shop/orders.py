"""Orders: blocking calls, threads, loops and generators."""

import asyncio
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from smtplib import SMTP
from threading import Thread

import requests
from quart import Blueprint, Response, current_app, g, jsonify, request
from quart.utils import run_sync
from werkzeug.security import check_password_hash

orders = Blueprint('orders', __name__, url_prefix='/orders')
executor = ThreadPoolExecutor()
http = requests.Session()
EXPORTS = Path('exports')


async def fetch(number):
    await asyncio.sleep(0)
    return {'number': number, 'paid': number % 2 == 0}


async def is_paid(order):
    return order['paid']


async def stream_orders():
    for number in range(3):
        yield await fetch(number)


@lru_cache  # expect: coroutine-callback
async def exchange_rate(currency):
    return (await fetch(len(currency)))['number']


def send_mail(address):
    with SMTP('localhost') as server:
        server.sendmail('shop@example.org', address, current_app.config['MAIL_TEXT'])


def audit(number):
    record(f'{number} by {request.remote_addr}')


def record(text):
    g.records.append(text)


@orders.get('/ping')
def ping():
    return 'pong'


@orders.get('/slow')
async def slow():
    time.sleep(1)  # expect: blocking-call
    return 'done'


@orders.get('/rates')
async def rates():
    response = requests.get('https://rates.example.org', timeout=5)  # expect: blocking-call
    response.raise_for_status()
    stock = http.get('https://stock.example.org').json()  # expect: blocking-call
    return {'rates': response.json(), 'stock': stock}


@orders.get('/<int:number>')
async def show(number):
    connection = sqlite3.connect(  # expect: blocking-call, sqlite-thread
        current_app.config['DATABASE']
    )
    row = connection.execute(  # expect: blocking-call
        'SELECT total FROM orders WHERE number = ?', (number,)
    ).fetchone()
    return {'total': row[0]}


@orders.post('/<int:number>/invoice')
async def invoice(number):
    form = await request.form
    password = form['password']
    if not check_password_hash(current_app.config['HASH'], password):  # expect: blocking-call
        return 'forbidden', 403
    process = subprocess.Popen(['invoice', str(number)])  # expect: blocking-call
    process.wait()  # expect: blocking-call
    with open(f'{number}.pdf', 'rb') as file:  # expect: blocking-call
        return Response(file.read(), mimetype='application/pdf')


@orders.get('/export')
async def export():
    text = (EXPORTS / 'orders.csv').read_text()  # expect: blocking-call
    archive = await run_sync((EXPORTS / 'archive.csv').read_text)()
    return text + archive


@orders.get('/totals')
async def totals():
    found = list(map(fetch, range(3)))  # expect: coroutine-callback
    found.sort(key=is_paid)  # expect: coroutine-callback
    paid = sorted(found, key=is_paid)  # expect: coroutine-callback
    any_paid = any(await is_paid(order) for order in found)  # expect: sync-iteration
    return jsonify(paid=paid, any_paid=any_paid)


@orders.get('/all')
async def all_orders():
    found = []
    for order in stream_orders():  # expect: sync-iteration
        found.append(order)
    first = next(stream_orders())  # expect: sync-iteration
    everything = await stream_orders()  # expect: sync-iteration
    numbers = [order['number'] for order in stream_orders()]  # expect: sync-iteration
    return jsonify(found, first, everything, numbers)


@orders.post('/import')
async def import_orders():
    size = 0
    for chunk in request.body:  # expect: sync-iteration
        size += len(chunk)
    head = request.stream.read(10)  # expect: no-counterpart
    return {'size': size, 'head': head, 'server': request.environ['SERVER_NAME']}  # expect: wsgi


@orders.get('/report')
async def report():
    loop = asyncio.get_event_loop()
    first = asyncio.run(fetch(1))  # expect: event-loop
    second = loop.run_until_complete(fetch(2))  # expect: event-loop
    return jsonify(first, second)


@orders.post('/<int:number>/mail')
async def mail(number):
    Thread(target=send_mail, args=('a@example.org',)).start()  # expect: thread-context
    executor.submit(audit, number)  # expect: thread-context
    Thread(target=fetch, args=(number,)).start()  # expect: coroutine-callback
    current_app.add_background_task(fetch, number)
    return 'accepted', 202


class Prefix:
    def __init__(self, app, prefix):
        self.app = app
        self.prefix = prefix

    def __call__(self, environ, start_response):  # expect: wsgi
        environ['SCRIPT_NAME'] = self.prefix
        return self.app(environ, start_response)
