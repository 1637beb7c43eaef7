"""The script that makes the pictures of the playground, and its pictures in the pages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from tests.conftest import ROOT
from tests.docs.markdown import PAGES

SCRIPT = ROOT / 'docs/screenshots.py'
PICTURES = sorted((ROOT / 'docs').glob('*.png'))
CSS = (ROOT / 'quart_session_demo/playground/static/playground.css').read_text('utf-8')
#: In bytes. A reader of a page downloads its pictures.
MAX_SIZE = 200_000


def make_screenshots(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script, and return its output."""
    return subprocess.run(
        [sys.executable, SCRIPT, *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def size(picture: Path) -> tuple[int, int]:
    """Return the width and height of a PNG file, in pixels."""
    height, width, *_ = image.imread(picture).shape
    return width, height


def shows(picture: Path, variable: str) -> bool:
    """Return whether at least 100 pixels of a picture have the light color of a CSS variable."""
    color = re.search(f'--{variable}: #(.*);', CSS)
    assert color is not None
    pixels = np.round(image.imread(picture)[:, :, :3] * 255)
    return bool((pixels == list(bytes.fromhex(color[1]))).all(axis=2).sum() >= 100)


def assert_shows_the_page(picture: Path) -> None:
    """Check that a picture shows the parts of a cookie, and the warning if it is of a replay."""
    parts = ('payload', 'timestamp', 'signature')
    assert [part for part in parts if not shows(picture, part)] == []
    assert shows(picture, 'warn-card') == ('replay' in picture.name)


@pytest.mark.browser
def test_script_makes_the_pictures_of_the_pages(tmp_path: Path) -> None:
    """The script makes all pictures, as large as those in the repository, and prints their paths.

    A user's own settings do not change them.
    """
    if shutil.which('fc-list') and not subprocess.check_output(['fc-list', ':lang=zh-cn']):
        pytest.skip('needs a Chinese font: apt-get install fonts-wqy-microhei')

    result = make_screenshots('--output', str(tmp_path), QUART_PLAYGROUND='false')

    assert result.returncode == 0, result.stderr
    made = sorted(tmp_path.iterdir())
    assert sorted(result.stdout.splitlines()) == [str(path) for path in made]
    assert [path.name for path in made] == [path.name for path in PICTURES]
    for picture, committed in zip(made, PICTURES, strict=True):
        assert size(picture) == size(committed)
        assert_shows_the_page(picture)


@pytest.mark.parametrize('picture', PICTURES, ids=lambda path: path.name)
def test_picture_shows_the_page(picture: Path) -> None:
    """A picture in the repository shows the three parts of a cookie, and is a small file."""
    assert_shows_the_page(picture)
    assert picture.stat().st_size < MAX_SIZE


def test_pages_show_each_picture() -> None:
    """Each picture is in a page, with half of its width and with a text for who cannot see it."""
    shown = {}
    for page in PAGES:
        for tag in re.findall('<img [^>]*>', page.read_text('utf-8')):
            attributes = dict(re.findall('([a-z]+)="([^"]*)"', tag))
            shown[(page.parent / attributes['src']).resolve()] = attributes

    assert sorted(shown) == PICTURES
    for picture, attributes in shown.items():
        assert int(attributes['width']) * 2 == size(picture)[0]
        assert len(attributes['alt']) > 20


def test_missing_chromium_is_one_line(tmp_path: Path) -> None:
    """Without Chromium the script fails with one line, which names the command to install it."""
    result = make_screenshots(PATH=str(tmp_path))

    assert result.returncode == 1
    assert result.stderr == 'Chromium is not installed: apt-get install chromium\n'


@pytest.mark.browser
@pytest.mark.skipif(shutil.which('fc-list') is None, reason='needs fontconfig')
def test_missing_chinese_font_is_one_line(tmp_path: Path) -> None:
    """Without a Chinese font the script fails with one line, and makes no picture."""
    fonts = tmp_path / 'fonts.conf'
    fonts.write_text('<fontconfig/>')

    result = make_screenshots('--output', str(tmp_path), FONTCONFIG_FILE=str(fonts))

    assert result.returncode == 1
    assert result.stderr == (
        'A Chinese font is not installed: apt-get install fonts-wqy-microhei\n'
    )
    assert list(tmp_path.iterdir()) == [fonts]
