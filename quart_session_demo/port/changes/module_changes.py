"""The changes of a module: what `port` does, and what `--check` reports."""

from collections import defaultdict
from dataclasses import dataclass, field

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from quart_session_demo.port.analysis.modules import Module
from quart_session_demo.port.changes.rewrite import Edit, Rewriter
from quart_session_demo.port.findings.finding import Finding, finding


@dataclass
class Changes:
    """The changes of one module.

    Attributes:
        module: The module.
        findings: Each change as a finding, for `--check`.
        imports: Full names that the changed source imports.
    """

    module: Module
    findings: list[Finding] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    _edits: defaultdict[cst.CSTNode, list[Edit]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )

    def add(self, node: cst.CSTNode, edit: Edit, id_: str, text: str, remedy: str) -> None:
        """Add the change of a node; changes of one node are made in the order of these calls."""
        self._edits[node].append(edit)
        self.findings.append(finding(self.module, node, id_, text, remedy))

    def report(self, node: cst.CSTNode, id_: str, text: str, remedy: str) -> None:
        """Add a finding that a person must change."""
        self.findings.append(finding(self.module, node, id_, text, remedy))

    def also(self, node: cst.CSTNode, edit: Edit) -> None:
        """Add a change of a node that belongs to another change."""
        self._edits[node].append(edit)

    @property
    def source(self) -> bytes:
        """Return the changed source."""
        tree = self.module.tree
        if not self._edits:
            return tree.bytes
        around = {outer for node in self._edits for outer in self.module.parents(node)}
        tree = tree.visit(Rewriter(self._edits, around))
        if not self.imports:
            return tree.bytes
        context = CodemodContext()
        for name in sorted(self.imports):
            package, _, member = name.rpartition('.')
            AddImportsVisitor.add_needed_import(
                context, package or member, member if package else None
            )
        return AddImportsVisitor(context).transform_module(tree).bytes
