import os
from datetime import timedelta
from pathlib import Path

from flask import Flask, g, render_template

from journal import auth, blog, db


def create_app(test_config=None):
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        SECRET_KEY=os.environ.get('SECRET_KEY', 'dev'),
        DATABASE=str(Path(app.instance_path, 'journal.sqlite')),
        PICTURES=str(Path(app.instance_path, 'pictures')),
        PERMANENT_SESSION_LIFETIME=timedelta(days=10),
        MAX_CONTENT_LENGTH=1024 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    if test_config is None:
        app.config.from_pyfile('config.py', silent=True)
    else:
        app.config.from_mapping(test_config)
    Path(app.config['PICTURES']).mkdir(parents=True, exist_ok=True)

    db.init_app(app)
    app.register_blueprint(auth.bp)
    app.register_blueprint(blog.bp)
    app.add_url_rule('/', endpoint='index')

    @app.get('/hello')
    def hello():
        return 'Hello, reader!'

    @app.errorhandler(404)
    def page_not_found(error):
        return render_template('404.html', error=error), 404

    @app.after_request
    def forbid_sniffing(response):
        response.headers['X-Content-Type-Options'] = 'nosniff'
        return response

    @app.context_processor
    def add_greeting():
        return {'greeting': f'Hello, {g.user["username"]}' if g.user else 'Hello'}

    return app
