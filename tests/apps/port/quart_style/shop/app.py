"""What is right on Quart, though it looks like a mistake."""

import asyncio
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Thread

import httpx
import jinja2
import requests
from quart import (
    Quart,
    copy_current_request_context,
    current_app,
    jsonify,
    render_template_string,
    request,
    session,
)
from quart.utils import run_sync

app = Quart(__name__)
executor = ThreadPoolExecutor()
environment = jinja2.Environment(autoescape=True, enable_async=True)


def login_required(view):
    @functools.wraps(view)
    async def wrapped(*args, **kwargs):
        if 'name' not in session:
            return 'forbidden', 403
        return await current_app.ensure_async(view)(*args, **kwargs)

    return wrapped


async def price(name):
    await asyncio.sleep(0)
    return len(name)


environment.globals['price'] = price
app.add_template_global(price)


@app.context_processor
async def add_price():
    return {'tax': price}


def report():
    time.sleep(0.1)
    return requests.get('https://reports.example.org', timeout=5).json()


@app.get('/sync')
def sync_view():
    time.sleep(0.1)
    return report()


@app.get('/prices')
@login_required
async def prices():
    names = ['tea', 'coffee']
    tasks = [price(name) for name in names]
    first = await asyncio.gather(*tasks)
    second = await asyncio.gather(*(price(name) for name in names))
    later = asyncio.create_task(price('cocoa'))
    form = request.form
    third = price('water')
    found = [await price(name) for name in names]
    return jsonify(
        first=first,
        second=second,
        later=await later,
        size=len(await form),
        third=await third,
        any=any([await price(name) for name in names]),
        found=sorted(found),
    )


@app.get('/report')
async def show_report():
    first = await run_sync(report)()
    second = await asyncio.to_thread(requests.get, 'https://reports.example.org', timeout=5)
    loop = asyncio.get_running_loop()
    third = await loop.run_in_executor(executor, lambda: requests.get('https://a.org', timeout=5))
    async with httpx.AsyncClient() as client:
        fourth = await client.get('https://reports.example.org')
    return jsonify(first, second.json(), third.text, fourth.json())


@app.post('/mail')
async def mail():
    @copy_current_request_context
    async def send():
        await asyncio.sleep(0)
        return request.path

    def log(path):
        print(path)

    Thread(target=log, args=(request.path,)).start()
    app.add_background_task(send)
    return await render_template_string('{{ price("tea") }}'), 202


@asynccontextmanager
async def timed():
    start = time.monotonic()
    yield
    app.logger.info('%s s', time.monotonic() - start)


def choose(name):
    return price(name)


@app.get('/label')
async def label():
    async with timed():
        text = await environment.from_string('{{ price("tea") }}').render_async()
        return f'{text} {await choose("tea")}'


@app.before_serving
async def start():
    async with app.app_context():
        app.logger.info('starts')


@app.cli.command('prices', with_appcontext=True)
def prices_command():
    print(asyncio.run(price('tea')))
