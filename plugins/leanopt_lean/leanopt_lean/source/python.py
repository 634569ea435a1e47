"""Reads Python sources: classes, functions and statements."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from attrs import evolve

from leanopt_lean.source.python_expressions import SELF, PythonExpressions, last
from leanopt_lean.source.syntax import (
    Argument,
    Class,
    Condition,
    Expression,
    Function,
    Import,
    Location,
    Opaque,
    Scope,
    Statement,
    Unit,
)

#: Statements that end a function, or this iteration of a loop.
_LEAVING = (ast.Return, ast.Continue)
_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def read_python(file: str, tree: ast.Module) -> Unit:
    """Return the content of a Python source; `file` is its name in messages."""
    reader = _File(file)
    reader.block(tree.body, Scope())
    return Unit(
        tuple(reader.classes),
        tuple(reader.functions),
        tuple(reader.statements),
        unread=tuple(dict.fromkeys(reader.deep)),
        imports=tuple(reader.imports),
    )


class _File:
    """Reads the statements of one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.classes: list[Class] = []
        self.functions: list[Function] = []
        self.statements: list[Statement] = []
        # Locations of code that is nested too deeply to be read.
        self.deep: list[Location] = []
        self._conditions: tuple[Condition, ...] = ()
        # The conditions of the next statement, if this one can return.
        self._behind: tuple[Condition, ...] = ()
        self.imports: list[Import] = []
        self._caught = False
        # The targets of import aliases, by alias.
        self._renamed: dict[str, str] = {}

    def block(self, body: Sequence[ast.AST], scope: Scope) -> None:
        """Read statements."""
        around = self._conditions
        for node in body:
            here, self._behind = self._conditions, ()
            try:
                self._statement(node, scope)
            except RecursionError:
                # The rest of the file is read all the same; only this place is in doubt.
                self.deep.append(Location(self._file, getattr(node, "lineno", 0)))
            self._conditions = (*here, *self._behind)
        self._conditions, self._behind = around, ()

    def _statement(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.ClassDef():
                bases = [self._renamed.get(one, one) for base in node.bases if (one := last(base))]
                self.classes.append(Class(node.name, tuple(bases), self._location(node)))
                self.block(node.body, Scope(node.name))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = self._function(node, node.name, scope)
                self.block(node.body, inner)
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value, scope)
            case ast.AnnAssign(value=ast.expr() as value):
                self._assign(node.target, value, scope)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._each(node.target, node.iter, scope)
                self.block(
                    [one for one in ast.iter_child_nodes(node) if one is not node.iter], scope
                )
            case ast.expr():
                self._add(self._read(node, scope), scope, node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case _:
                self._flow(node, scope)

    def _flow(self, node: ast.AST, scope: Scope) -> None:
        """Read a statement by which others run, or do not."""
        match node:
            case ast.If():
                self._if(node, scope)
            case ast.While() | ast.match_case() | ast.ExceptHandler():
                # Their bodies may never run; whether they do is not worked out.
                self._under(Condition(Opaque()), list(ast.iter_child_nodes(node)), scope)
            case ast.Try() | ast.TryStar():
                self._try(node, scope)
            case _:
                self.block(list(ast.iter_child_nodes(node)), scope)

    def _if(self, node: ast.If, scope: Scope) -> None:
        """Read an `if` and its `elif` branches in a loop."""
        around = self._conditions
        orelse: list[ast.stmt] = [node]
        left, returning = list[Condition](), True
        # No recursion: a long chain of `elif` is not deep nesting.
        while len(orelse) == 1 and isinstance(one := orelse[0], ast.If):
            test = self._read(one.test, scope)
            self._add(test, scope, one.test)
            self._under(Condition(test), one.body, scope)
            unmet = Condition(test, met=False)
            self._conditions = (*self._conditions, unmet)
            # If an earlier branch goes on, what follows is reached by that too.
            returning = returning and isinstance(one.body[-1], _LEAVING)
            left += [unmet] if returning else []
            orelse = one.orelse
        self.block(orelse, scope)
        if orelse and orelse is node.orelse and isinstance(orelse[-1], _LEAVING):
            # Its `else` leaves, so what follows runs only if the test was met.
            left.append(Condition(test))
        self._conditions, self._behind = around, tuple(left)

    def _under(self, condition: Condition, body: Sequence[ast.AST], scope: Scope) -> None:
        """Read statements that run under one more condition."""
        around = self._conditions
        self._conditions = (*around, condition)
        self.block(body, scope)
        self._conditions = around

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = [one.name for one in node.names]
        if isinstance(node, ast.ImportFrom):
            self._renamed |= {one.asname: one.name for one in node.names if one.asname}
            # A relative import is the project's own.
            names = [node.module or ""] if not node.level else []
        if not self._caught:
            self.imports += [Import(one.partition(".")[0], self._location(node)) for one in names]

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        """Read a `try`; if it handles failures, its imports are optional."""
        before, self._caught = self._caught, self._caught or bool(node.handlers)
        self.block(node.body, scope)
        self._caught = before
        self.block([*node.handlers, *node.orelse, *node.finalbody], scope)

    def _function(self, node: _Defined, name: str, scope: Scope) -> Scope:
        inner = Scope(scope.owner, name)
        taken = [*node.args.posonlyargs, *node.args.args]
        defaults = [None] * (len(taken) - len(node.args.defaults)) + list(node.args.defaults)
        taken, defaults = taken + node.args.kwonlyargs, defaults + node.args.kw_defaults
        takes: list[Argument | str] = []
        for argument, default in zip(taken, defaults, strict=True):
            if default is not None:
                # Python evaluates a default where the function is defined, not inside it.
                read = self._read(default, scope)
                self._add(read, scope, default)
                takes.append(Argument(read, argument.arg))
            elif takes or argument.arg not in SELF:
                takes.append(argument.arg)
        self.functions.append(Function(inner, tuple(takes)))
        return inner

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        match target, value:
            case ast.Name(id=name) | ast.Attribute(attr=name), ast.Lambda():
                inner = self._function(value, name, scope)
                self._add(self._read(value.body, inner), inner, value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets), ast.Tuple(elts=values):
                if len(targets) == len(values):
                    for one, given in zip(targets, values, strict=True):
                        self._assign(one, given, scope)
                    return
                self._add(self._read(value, scope), scope, value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets), _:
                read = self._read(value, scope)
                for one in targets:
                    self._add(Opaque((read,)), scope, one, last(one))
            case _:
                if isinstance(target, ast.Subscript):
                    self._add(self._read(target, scope), scope, target)
                self._add(self._read(value, scope), scope, target, last(target))

    def _each(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        like = self._statement_of(self._read(value, scope), scope, value)
        like = evolve(like, each=True)
        if isinstance(target, ast.Tuple | ast.List):
            for position, one in enumerate(target.elts):
                self.statements.append(evolve(like, target=last(one), position=position))
        else:
            self.statements.append(evolve(like, target=last(target)))

    def _read(self, node: ast.expr, scope: Scope) -> Expression:
        return PythonExpressions(self._file, scope, self.block, self._assign).read(node)

    def _location(self, node: ast.stmt | ast.expr) -> Location:
        return Location(self._file, node.lineno)

    def _add(self, value: Expression, scope: Scope, node: ast.expr, target: str = "") -> None:
        self.statements.append(evolve(self._statement_of(value, scope, node), target=target))

    def _statement_of(self, value: Expression, scope: Scope, node: ast.expr) -> Statement:
        location = self._location(node)
        return Statement(scope, value, location, conditions=self._conditions, caught=self._caught)
