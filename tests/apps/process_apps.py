"""A Flask and a Quart app whose responses show which process they are from, and its modes."""

import asyncio
import os
import sys
import time
from typing import Any

import flask
import quart

sync = flask.Flask(__name__)
async_ = quart.Quart(__name__)


def facts(debug: bool) -> dict[str, Any]:
    # While this process is busy, another one of the server accepts connections.
    time.sleep(0.02)
    return {'pid': os.getpid(), 'debug': debug, 'dev_mode': sys.flags.dev_mode}


@sync.get('/')
def sync_facts() -> dict[str, Any]:
    return facts(sync.debug)


@async_.get('/')
async def async_facts() -> dict[str, Any]:
    return facts(async_.debug or asyncio.get_running_loop().get_debug())
