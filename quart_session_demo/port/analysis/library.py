"""What the functions, classes and members of Flask and Quart return.

Types have short names: `App` is `flask.Flask` and `quart.Quart`, `Client` is a test client. Their
members, and what of these must be awaited, are in `signatures.toml`.
"""

import tomllib
from importlib.resources import files

#: The members of each type, and of the module: those that must be awaited, and others.
_SIGNATURES: dict[str, dict[str, list[str]]] = tomllib.loads(
    (files(__package__) / 'signatures.toml').read_text('utf-8')
)


def _members(key: str) -> dict[str, frozenset[str]]:
    return {type_: frozenset(table.get(key, ())) for type_, table in _SIGNATURES.items()}


#: Members whose call, or whose value, must be awaited; those that need no `await`; and members of
#: Flask's types that Quart's types do not have. `module` has the functions of the module.
AWAITED_METHODS = _members('awaited')
AWAITED_PROPERTIES = _members('awaited_properties')
SYNC_MEMBERS = _members('sync')
MISSING_MEMBERS = _members('missing')

# Quart's `open_resource` returns a file of aiofiles.
AWAITED_METHODS['AsyncFile'] = frozenset(
    ['close', 'read', 'readline', 'readlines', 'seek', 'tell', 'write']
)
# Flask's responses in tests have `text`; `client` ports it.
AWAITED_PROPERTIES['Response'] |= {'text'}
# Quart has it only to raise an error.
AWAITED_PROPERTIES['Request'] -= {'stream'}

#: Flask's and Quart's objects that are there without being made.
OBJECTS = {
    'current_app': 'App',
    'g': 'Globals',
    'request': 'Request',
    'session': 'Session',
    'websocket': 'Websocket',
}

#: Their classes. A subclass is of the same type.
CLASSES = {
    'AppGroup': 'Group',
    'Blueprint': 'Blueprint',
    'FileStorage': 'File',
    'Flask': 'App',
    'FlaskClient': 'Client',
    'FlaskCliRunner': 'Runner',
    'MethodView': 'View',
    'Quart': 'App',
    'QuartClient': 'Client',
    'QuartCliRunner': 'Runner',
    'Request': 'Request',
    'Response': 'Response',
    'SessionInterface': 'SessionInterface',
    'View': 'View',
    'Websocket': 'Websocket',
}

#: What their functions return.
RESULTS = {
    'jsonify': 'Response',
    'make_response': 'Response',
    'redirect': 'Response',
    'send_file': 'Response',
    'send_from_directory': 'Response',
}

#: What the members of each type are, or return. `*` is a collection.
MEMBERS = {
    'App': {
        'app_context': 'AppContext',
        'blueprints': '*Blueprint',
        'cli': 'Group',
        'make_response': 'Response',
        'open_instance_resource': 'AsyncFile',
        'open_resource': 'AsyncFile',
        'request_context': 'AppContext',
        'response_class': 'ResponseClass',
        'send_static_file': 'Response',
        'test_cli_runner': 'Runner',
        'test_client': 'Client',
        'test_request_context': 'AppContext',
    },
    'Blueprint': {'cli': 'Group', 'open_resource': 'AsyncFile', 'send_static_file': 'Response'},
    'Client': {
        'app': 'App',
        'application': 'App',
        **dict.fromkeys(
            ['delete', 'get', 'head', 'open', 'options', 'patch', 'post', 'put', 'trace'],
            'Response',
        ),
        'session_transaction': 'SessionTransaction',
    },
    'Files': {'get': 'File', 'getlist': '*File', 'values': '*File', 'pop': 'File'},
    'Request': {'files': 'Files', 'stream': 'Body'},
    'AppContext': {'app': 'App', 'g': 'Globals', 'request': 'Request', 'session': 'Session'},
}

#: What needs `async with`.
ASYNC_CONTEXTS = frozenset(['AppContext', 'AsyncFile', 'Client', 'SessionTransaction'])

#: What `with` returns, where it is something else than its object.
ENTERED = {'SessionTransaction': 'Session'}

#: What an item is.
ITEMS = {'Files': 'File'}

#: Members that belong to these types alone, so that they are known on any object.
DISTINCTIVE_MEMBERS = {
    'app_context': 'App',
    'open_instance_resource': 'App',
    'open_resource': 'App',
    'send_static_file': 'App',
    'session_transaction': 'Client',
    'test_cli_runner': 'App',
    'test_client': 'App',
    'test_request_context': 'App',
}

#: What a test's parameter is that nothing else is known of: the names that everyone uses.
TEST_PARAMETERS = {'app': 'App', 'client': 'Client', 'runner': 'Runner', 'test_client': 'Client'}

#: Decorators of functions that respond to requests.
ROUTE_DECORATORS = frozenset(['delete', 'get', 'patch', 'post', 'put', 'route'])

#: Functions whose results are functions, which may be coroutine functions.
DECORATING = frozenset(
    [
        'add_background_task',
        'copy_current_app_context',
        'copy_current_request_context',
        'copy_current_websocket_context',
        'ensure_async',
        'run_task',
        'stream_with_context',
        'sync_to_async',
    ]
)

#: Those of them that give the context of the caller to a function.
CONTEXT_COPIES = frozenset(name for name in DECORATING if name.startswith('copy_current_'))

#: Methods of class-based views that respond to requests.
VIEW_METHODS = frozenset(
    ['delete', 'dispatch_request', 'get', 'head', 'options', 'patch', 'post', 'put', 'trace']
)

#: Functions that Quart calls around each request; it runs those that are not async in threads.
REQUEST_DECORATORS = ROUTE_DECORATORS | {
    'after_app_request',
    'after_request',
    'app_errorhandler',
    'before_app_request',
    'before_request',
    'context_processor',
    'errorhandler',
    'app_context_processor',
    'teardown_app_request',
    'teardown_appcontext',
    'teardown_request',
}

#: Those that are given the response.
AFTER_REQUEST = frozenset(['after_app_request', 'after_request', 'after_this_request'])

#: Methods that register what they are given, and await it when it is async.
REGISTRATIONS = REQUEST_DECORATORS | {
    'add_app_template_filter',
    'add_app_template_global',
    'add_app_template_test',
    'add_background_task',
    'add_template_filter',
    'add_template_global',
    'add_template_test',
    'add_url_rule',
    'after_serving',
    'after_this_request',
    'before_serving',
    'connect',
    'copy_current_app_context',
    'copy_current_request_context',
    'dict',
    'ensure_async',
    'ensure_sync',
    'partial',
    'register_error_handler',
    'stream_with_context',
    'update_wrapper',
    'wraps',
}


def short_name(name: str) -> str:
    """Return the last part of a full name of Flask, Quart or Werkzeug; else an empty string."""
    package, _, _ = name.partition('.')
    return name.rpartition('.')[2] if package in ('flask', 'quart', 'werkzeug') else ''


def is_known(name: str) -> bool:
    """Return whether a full name is one of Flask's or Quart's."""
    short = short_name(name)
    return short in OBJECTS | CLASSES | RESULTS or (
        short in AWAITED_METHODS['module'] | SYNC_MEMBERS['module']
    )


#: Modules and names of Flask that Quart has no counterpart of.
NO_COUNTERPART = frozenset(
    [
        'flask._app_ctx_stack',
        'flask._request_ctx_stack',
        'flask.before_first_request',
        'flask.cli.show_server_banner',
        'flask.debughelpers',
        'flask.ext',
        'flask.globals._app_ctx_stack',
        'flask.globals._request_ctx_stack',
        'flask.json.JSONDecoder',
        'flask.json.JSONEncoder',
        'flask.sansio',
        'flask.sessions.TaggedJSONSerializer',
        'flask.testing.EnvironBuilder',
        'flask.testing.make_test_environ_builder',
    ]
)


def has_counterpart(name: str) -> bool:
    """Return whether Quart has something of Flask's."""
    return not any(name == item or name.startswith(f'{item}.') for item in NO_COUNTERPART)
