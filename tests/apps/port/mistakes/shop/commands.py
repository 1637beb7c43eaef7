"""Commands, and what cannot be awaited where it is."""

import click
import jinja2
from flask import json  # expect: flask-import
from quart import Quart, current_app, get_template_attribute, render_template, request

app = Quart(__name__)
environment = jinja2.Environment(autoescape=True)


@app.cli.command('init-db')  # expect: command-context
def init_db():
    click.echo(current_app.config['DATABASE'])


@app.cli.command('render', with_appcontext=True)
def render():  # expect: command-awaits
    click.echo(render_template('index.html'))  # expect: missing-await


async def price(name):
    return len(name)


environment.globals['price'] = price  # expect: template-call
header = app.test_client().get('/')  # expect: cannot-await
body = lambda: request.get_data()  # expect: cannot-await


@app.get('/label')
async def label():
    template = environment.from_string('{{ price(name) }}')
    text = template.render(name='tea', price=price)  # expect: template-call
    own = app.jinja_env.get_template('label.html').render()  # expect: template-call
    macro = get_template_attribute('macros.html', 'label')  # expect: template-call
    return json.dumps([text, own, macro('tea')])


@app.get('/sync')
async def call_sync():
    return await app.ensure_sync(price)('tea')  # expect: no-counterpart


if __name__ == '__main__':
    app.run()  # expect: app-run
