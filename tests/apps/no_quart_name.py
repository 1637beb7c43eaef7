"""A Flask app that imports what Quart does not have."""

from flask import Flask
from flask.sansio.app import App
from flask.testing import FlaskClient

app = Flask(__name__)
names = (App, FlaskClient)
