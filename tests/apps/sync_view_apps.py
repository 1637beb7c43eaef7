"""A Flask app that runs on Quart unchanged; `python -m` shows nothing."""

import flask
from flask import Flask, request, session
from flask.json import dumps
from flask.views import MethodView


class Classes(MethodView):
    def get(self) -> str:
        return f'{request.args["name"]} {dumps(session.get("name"))}'

    def post(self) -> str:
        session['name'] = request.args['name']
        return 'stored'


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.add_url_rule('/', view_func=Classes.as_view('classes'))

    @app.get('/form/')
    def form() -> str:
        return str(flask.request.form['name'])

    return app
