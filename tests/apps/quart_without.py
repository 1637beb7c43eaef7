"""The `quart` command on a machine without a package: `quart_without.py PACKAGE ARGUMENTS`."""

import sys

from quart.cli import main

sys.modules[sys.argv.pop(1)] = None  # type: ignore[assignment]
main()
