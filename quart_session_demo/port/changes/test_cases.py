"""Port the test cases of `unittest`."""

import libcst as cst

from quart_session_demo.port.analysis.functions import Function
from quart_session_demo.port.analysis.kinds import Defined, Named
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.imports import replace_import
from quart_session_demo.port.changes.module_changes import Changes

#: What the async forms of a test case's methods are called.
ASYNC_NAMES = {'setUp': 'asyncSetUp', 'tearDown': 'asyncTearDown'}

#: Functions that pytest calls around tests, without awaiting them.
PYTEST_METHODS = frozenset(
    [
        'setup_class',
        'setup_function',
        'setup_method',
        'setup_module',
        'teardown_class',
        'teardown_function',
        'teardown_method',
        'teardown_module',
    ]
)


def change_test_cases(changes: Changes, propagation: Propagation) -> None:
    """Let `unittest` await the async methods of test cases."""
    functions = propagation.collected[changes.module].functions.values()
    replaced = []
    for class_ in {item.class_ for item in functions if item.class_ and item.is_async}:
        for base in class_.bases:
            if propagation.kinds.of(changes.module, base.value) == Named('unittest.TestCase'):
                changes.add(
                    base.value,
                    async_test_case,
                    'sync-test-case',
                    'a `TestCase` does not await its methods',
                    'use `IsolatedAsyncioTestCase`',
                )
                if isinstance(base.value, cst.Name):
                    replaced.append(base.value)
    replace_import(changes, replaced, 'unittest.IsolatedAsyncioTestCase')
    for function in functions:
        if function.is_async and function.name in PYTEST_METHODS and changes.module.is_test:
            changes.report(
                function.node,
                'sync-test-case',
                f'pytest does not await {function.name}()',
                'make it an async fixture, with `@pytest.fixture(autouse=True)` and another name',
            )
        if is_fixture_method(propagation, function) and function.is_async:
            changes.also(function.node.name, _async_name)
        for node in function.expressions:
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
                match propagation.kinds.of(changes.module, node.func):
                    case Defined(_, cst.FunctionDef() as called):
                        target = propagation.functions[called]
                        if is_fixture_method(propagation, target) and target.is_async:
                            changes.also(node.func.attr, _async_name)


def is_fixture_method(propagation: Propagation, function: Function) -> bool:
    """Return whether a method prepares a test case, or cleans up after it."""
    return function.class_ is not None and function.name in ASYNC_NAMES


def async_test_case(base: cst.BaseExpression) -> cst.BaseExpression:
    """Return the asynchronous base class in place of `TestCase`."""
    name = cst.Name('IsolatedAsyncioTestCase')
    return base.with_changes(attr=name) if isinstance(base, cst.Attribute) else name


def _async_name(name: cst.Name) -> cst.Name:
    return name.with_changes(value=ASYNC_NAMES[name.value])
