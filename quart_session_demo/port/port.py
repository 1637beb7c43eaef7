"""Port an app: from the sources of its files to the ported sources and the findings in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from quart_session_demo.port.analysis.modules import Module, ModuleSet
from quart_session_demo.port.analysis.propagation import Propagation
from quart_session_demo.port.changes.arguments import change_arguments
from quart_session_demo.port.changes.awaits import add_awaits
from quart_session_demo.port.changes.client import change_client_calls
from quart_session_demo.port.changes.commands import change_commands
from quart_session_demo.port.changes.contexts import change_context_managers
from quart_session_demo.port.changes.imports import change_imports
from quart_session_demo.port.changes.iteration import change_streams
from quart_session_demo.port.changes.module_changes import Changes
from quart_session_demo.port.changes.test_cases import change_test_cases
from quart_session_demo.port.findings.app_run import find_app_runs
from quart_session_demo.port.findings.async_contexts import find_async_contexts
from quart_session_demo.port.findings.blocked import find_blocked_awaits
from quart_session_demo.port.findings.blocking import find_blocking_calls
from quart_session_demo.port.findings.client_globals import find_client_globals
from quart_session_demo.port.findings.counterparts import find_missing_members
from quart_session_demo.port.findings.deployment_files import find_deployment_changes
from quart_session_demo.port.findings.event_loop import find_event_loops
from quart_session_demo.port.findings.extensions import find_extensions
from quart_session_demo.port.findings.finding import Finding, without_ignored
from quart_session_demo.port.findings.needless import find_needless_awaits
from quart_session_demo.port.findings.pytest_settings import find_test_settings
from quart_session_demo.port.findings.references import find_references
from quart_session_demo.port.findings.settings import find_unused_settings
from quart_session_demo.port.findings.sync_iteration import find_sync_iteration
from quart_session_demo.port.findings.template_calls import (
    find_template_awaits,
    find_template_calls,
)
from quart_session_demo.port.findings.wsgi import find_wsgi
from quart_session_demo.port.sources import Sources, parse

#: What `--check` looks for in each module, beside what the port would change.
RULES = (
    find_app_runs,
    find_async_contexts,
    find_blocked_awaits,
    find_blocking_calls,
    find_client_globals,
    find_event_loops,
    find_extensions,
    find_missing_members,
    find_needless_awaits,
    find_references,
    find_sync_iteration,
    find_template_calls,
    find_test_settings,
    find_unused_settings,
    find_wsgi,
)

#: What it looks for in other files.
FILE_RULES = (find_deployment_changes, find_template_awaits)


@dataclass
class Ported:
    """The result of a port, or of a check.

    Attributes:
        sources: The ported sources of the Python files that change.
        findings: What is left to a person; lines and columns are those of the ported sources.
        errors: Why files could not be parsed.
    """

    sources: dict[Path, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    errors: dict[Path, str] = field(default_factory=dict)


def port_sources(sources: Sources, *, all_handlers: bool) -> Ported:
    """Port Python files, and check the result."""
    modules, errors = parse(sources)
    ported = Ported(errors=errors)
    for changes in find_changes(modules, Propagation(modules, all_handlers=all_handlers)):
        source = changes.source
        if source != sources.python[changes.module.path]:
            ported.sources[changes.module.path] = source
    checked = check_sources(sources.with_ported(ported.sources), modules)
    ported.findings = checked.findings
    return ported


def check_sources(sources: Sources, known: Iterable[Module] = ()) -> Ported:
    """Find what is wrong in Python files that are on Quart.

    Args:
        sources: The files.
        known: Modules that were parsed before.
    """
    modules, errors = parse(sources, known)
    propagation = Propagation(modules, all_handlers=False)
    checked = Ported(errors=errors)
    for changes in find_changes(modules, propagation):
        module = changes.module
        found = list(changes.findings)
        for rule in RULES:
            found += rule(module, propagation)
        checked.findings += without_ignored(
            found, sources.python[module.path].decode(module.tree.encoding)
        )
    for path, items in groupby(
        sorted(item for file_rule in FILE_RULES for item in file_rule(sources)),
        key=lambda item: item.path,
    ):
        checked.findings += without_ignored(items, path.read_text('utf-8', 'replace'))
    checked.findings.sort()
    return checked


def find_changes(modules: ModuleSet, propagation: Propagation) -> list[Changes]:
    """Return the changes of each module."""
    found = []
    for module in modules:
        changes = Changes(module)
        change_client_calls(changes, propagation)
        add_awaits(changes, propagation)
        change_context_managers(changes, propagation)
        change_streams(changes, propagation)
        change_test_cases(changes, propagation)
        change_commands(changes, propagation)
        change_arguments(changes, propagation)
        change_imports(changes, propagation.collected[module].names)
        found.append(changes)
    return found
