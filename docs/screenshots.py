"""Make the pictures of the playground in the README and in the tutorials: see `--help`."""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import time_machine
from hypercorn.asyncio import serve
from hypercorn.config import Config
from playwright.async_api import Browser, async_playwright

from quart_session_demo import create_app
from quart_session_demo.playground.guide import STEPS

#: The same key and time sign the same cookies, so that a picture changes only with the page.
KEY = 'a key for screenshots, which nothing else uses'
TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: The pixels of a picture for each CSS pixel. The pages show it with half of its pixels.
SCALE = 1.5


class Picture(NamedTuple):
    """A picture of the page.

    Attributes:
        name: The name of the file.
        locale: The language of the browser.
        last_step: The step of the guided minute after which the picture is made.
        size: The width and height of the picture, in CSS pixels.
    """

    name: str
    locale: str
    last_step: str
    size: tuple[int, int]


PICTURES = (
    Picture('playground.png', 'en-US', 'character', (560, 760)),
    Picture('playground-replay.png', 'en-US', 'replay', (560, 460)),
    Picture('playground.zh.png', 'zh-CN', 'character', (560, 760)),
)


def main() -> None:
    """Make all pictures, and print their paths."""
    parser = argparse.ArgumentParser(
        description='Make the pictures of the playground in the README and in the tutorials.'
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path(__file__).parent,
        help='the folder of the pictures (default: the folder of this script)',
    )
    output = parser.parse_args().output
    chromium = find_chromium()
    check_chinese_font()
    # The settings of whoever runs this must not change the page.
    for name in list(os.environ):
        if name.startswith('QUART_'):
            del os.environ[name]
    with time_machine.travel(TIME, tick=False):
        asyncio.run(make_pictures(output, chromium))


def find_chromium() -> str:
    """Return the path of Chromium. Exit with a message if there is none."""
    path = shutil.which('chromium') or shutil.which('google-chrome')
    return path or sys.exit('Chromium is not installed: apt-get install chromium')


def check_chinese_font() -> None:
    """Exit with a message if no font has Chinese characters. Only fontconfig can list the fonts."""
    if program := shutil.which('fc-list'):
        command = [program, ':lang=zh-cn']
        if not subprocess.run(command, capture_output=True, check=True).stdout:  # noqa: S603
            sys.exit('A Chinese font is not installed: apt-get install fonts-wqy-microhei')


async def make_pictures(output: Path, chromium: str) -> None:
    """Serve the demo, and make all pictures of it."""
    async with run_server() as address, async_playwright() as playwright:
        # Chromium's sandbox does not work for root.
        sandbox = not (hasattr(os, 'geteuid') and os.geteuid() == 0)
        browser = await playwright.chromium.launch(
            executable_path=chromium, chromium_sandbox=sandbox, args=['--disable-gpu']
        )
        for picture in PICTURES:
            path = output / picture.name
            await make_picture(picture, path, browser, address)
            print(path)
        await browser.close()


@asynccontextmanager
async def run_server() -> AsyncIterator[str]:
    """Serve the demo on a free port, and yield the address of the page."""
    listener = socket.create_server(('127.0.0.1', 0))
    config = Config()
    config.bind = [f'fd://{listener.fileno()}']
    config.loglevel = 'WARNING'
    stop = asyncio.Event()
    app = create_app({'SECRET_KEY': KEY})
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    yield f'http://127.0.0.1:{listener.getsockname()[1]}/playground/'
    stop.set()
    await server


async def make_picture(picture: Picture, path: Path, browser: Browser, address: str) -> None:
    """Follow the guided minute up to a step, and make a picture of what the browser shows."""
    width, height = picture.size
    context = await browser.new_context(
        viewport={'width': width, 'height': height},
        device_scale_factor=SCALE,
        locale=picture.locale,
        color_scheme='light',
    )
    page = await context.new_page()
    # The countdown must not move.
    await page.clock.set_fixed_time(TIME)
    await page.goto(address)
    for _ in STEPS[: STEPS.index(picture.last_step) + 1]:
        async with page.expect_navigation():
            await page.locator('.primary').click()
    await page.screenshot(path=path)
    await context.close()


if __name__ == '__main__':
    main()
