"""A shop on Quart, ported by hand, with mistakes."""

from datetime import timedelta

from flask_login import LoginManager  # expect: extension
from quart import Quart, render_template
from werkzeug.middleware.proxy_fix import ProxyFix  # expect: wsgi

from .orders import orders
from .pages import pages

login_manager = LoginManager()


def create_app():
    app = Quart(__name__)
    app.config['PERMANENT_SESSION_LIFETIME'] = timedelta(days=7)
    app.config['JSON_SORT_KEYS'] = False  # expect: unused-setting
    app.config.update(
        SESSION_COOKIE_SAMESITE='Lax',
        SESSION_TYPE='filesystem',  # expect: unused-setting
    )
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # expect: wsgi
    app.register_blueprint(pages)
    app.register_blueprint(orders)

    @app.errorhandler(404)
    async def not_found(error):
        return render_template('404.html'), 404  # expect: missing-await

    @app.after_request
    async def add_length(response):
        response.headers['X-Length'] = str(len(response.get_data()))  # expect: missing-await
        return response

    with app.app_context():  # expect: cannot-await
        login_manager.init_app(app)
    return app
