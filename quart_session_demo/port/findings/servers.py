"""Find the commands that start an app on Flask, and the commands that start it on Quart."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

#: What must change, by kind: commands, environment variables, requirements.
SERVERS: dict[str, dict[str, Any]] = tomllib.loads(
    (files(__package__) / 'servers.toml').read_text('utf-8')
)

#: What may stand before a command in a shell, a Dockerfile, YAML, TOML, JSON or a unit of systemd.
_START = (
    r'(?:^\s*-?|&&|\|\||[;:=|(&@]|(?<![\w-])(?:-c|-m|CMD|ENTRYPOINT|RUN|do|env|exec|nohup|run|sudo|'
    r'then|time)(?=\s)|\b[A-Z_]\w*=\S*(?=\s))\s*(?:\S*/)?'
)
_COMMAND = re.compile(
    rf'{_START}(?P<name>{"|".join(map(re.escape, SERVERS["commands"]))})(?=\s+[^\s=<>~,])'
)
_SUBCOMMAND = re.compile(
    r'flask(?:\s+(?:(?:--app|-A|-e|--env-file)[ =]\s*\S+|--(?:no-)?debug))*\s+\w'
)
_APP = re.compile(r'(?<![\w./:-])([A-Za-z_][\w.]*):([A-Za-z_]\w*)(\([^)]*\))?(?![\w:/])')
_BIND = re.compile(r'\s(?:-b|--bind)[ =]\s*(\S*:\S+)')
_WORKERS = re.compile(r'\s(?:-w|--workers)[ =]\s*(\S+)')
#: The start of a command that is a list of words.
_LIST = re.compile(r'(?i)\b(?:cmd|command|entrypoint)["\']?\s*[:=]?\s*\[\s*["\']')


def find_commands(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the column of each command, from 1, what is wrong with it, and what to do."""
    is_list = bool(_LIST.search(line))
    plain = re.sub(r'["\'`,[\]]' if is_list else r'["\'`]', ' ', line)
    for command in _COMMAND.finditer(plain):
        name = command['name']
        rule, start = SERVERS['commands'][name], command.start('name')
        end = _end(line, start, is_list)
        words = plain[start:end].rstrip()
        if name == 'flask' and not _SUBCOMMAND.match(words):
            continue
        if not re.search(rule.get('allowed', r'(?!)'), words):
            migrates = name == 'flask' and re.search(r'\sdb\s', words)
            remedy = SERVERS['flask']['migrate'] if migrates else rule['remedy']
            commands = _commands(words, line[start:end])
            yield start + 1, rule['text'], remedy.format_map(commands)


def _end(line: str, start: int, is_list: bool) -> int:
    """Return where a command ends: with its list, with its quotes, or before the next one."""
    quotes = ''.join(quote for quote in '"\'`' if line.count(quote, 0, start) % 2)
    ends = r'\]' if is_list else rf'[{quotes}]|\s(?:&&|\|\||;)' if quotes else r'\s(?:&&|\|\||;)'
    found = re.compile(ends).search(line, start)
    return found.start() if found else len(line)


def _commands(words: str, source: str) -> dict[str, str]:
    """Return the commands that replace one, by placeholder.

    Args:
        words: The command without its quotes.
        source: The same command with them, of the same length.
    """
    app, has_arguments = 'MODULE:APP', False
    if found := _APP.search(_BIND.sub(lambda bind: ' ' * len(bind[0]), words)):
        module, name, arguments = found.groups()
        has_arguments = bool((arguments or '').strip('() '))
        if has_arguments:
            # The quotes of the arguments became spaces.
            app = source[found.start() : found.end()].replace('\\', '').replace("'", '"')
            app = f"'{app}'"
        else:
            is_factory = arguments or '--call' in words
            app = f"'{module}:{name}()'" if is_factory else f'{module}:{name}'
    address = found[1] if (found := _BIND.search(words)) else ''
    if address.startswith(':'):
        address = f'0.0.0.0{address}'  # noqa: S104 - the line binds to all of them already
    bind = address and f'--bind {address} '
    count = f'{found[1]} ' if (found := _WORKERS.search(words)) else ''
    hypercorn = f'`hypercorn {bind}{count and "--workers "}{count}{app}`'
    starter = f'`python -m quart_session_demo.serve {bind}{count and "--processes "}{count}{app}`'
    quart = re.sub(SERVERS['flask']['removed_options'], '', words)
    return {
        # The starter passes no arguments to a factory.
        'server': hypercorn if has_arguments else f'{starter} or {hypercorn}',
        'quart': ' '.join(quart.replace('flask', 'quart', 1).split()),
    }
