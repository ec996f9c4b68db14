"""Collect the uses of global names in a module: those of its statements, and those of the functions that it defines."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from fh_dash.engine.recorder import UseRecorder
from fh_dash.engine.scopes import annotations_of, assigned, declared_global
from fh_dash.engine.trees import children, walk
from fh_dash.engine.uses import (
    ANNOTATED,
    CALLERS,
    CONVERTORS,
    IMPORTED,
    KEEPERS_OF_BEHAVIOUR,
    START_UP,
    Use,
    absolute,
    by_name,
    converts,
    dotted,
    imported_by_name,
    is_plain,
)


class UseCollector(UseRecorder, ast.NodeVisitor):
    """Collects the uses of the nodes it visits, at module scope."""

    def __init__(self, package: str = "", *, annotations_later: bool = False) -> None:
        super().__init__()
        self._annotations_later = annotations_later  # `from __future__ import annotations`
        self._package = package

    # ---------------------------------------------------------------------------------------- expressions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id)
            return
        self._use((node.id,), node.lineno)
        if isinstance(node.ctx, ast.Del):
            self._mutate(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if converts(node):
            self._use((IMPORTED, *CONVERTORS), node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = dotted(node) if is_plain(node) else ()
        stored = not isinstance(node.ctx, ast.Load)
        if stored:
            self._mutate(node.value)
        if path:
            self._use(path, node.lineno, stored=stored)
        else:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._mutate(node.value)
            if path := dotted(node.value):
                self._use(path, node.lineno, stored=True)
        if isinstance(node.ctx, ast.Load) or not is_plain(node.value):
            self._without_via(node.value)
        self._without_via(node.slice)

    def visit_Call(self, node: ast.Call, *, decorates: bool = False) -> None:
        if by_name(node) and is_plain(node):
            self._use(dotted(node), node.lineno)
            for default in node.args[2:]:
                self.visit(default)
            return
        if imported_by_name(node):
            self._use(dotted(node), node.lineno)
        self._call(node, decorates)
        before, self._via = self._via, dotted(node.func)
        for part in node.args:
            self.visit(part)
        for keyword in node.keywords:
            self._via = (keyword.arg,) if keyword.arg in START_UP else dotted(node.func)
            self.visit(keyword.value) if keyword.arg else self._look_into(keyword.value)
        self._via = before

    def _call(self, node: ast.Call, decorates: bool) -> None:
        """The callee of a call: its code runs, and what it belongs to may be changed by it."""
        func = node.func
        path = dotted(func)
        if path and is_plain(func):
            self._use(path, node.lineno, callee=True, decorates=decorates)
            self._mutate_by_call(func, decorates)
        elif isinstance(func, ast.Call):  # rt("/")(f)
            self.visit_Call(func, decorates=True)
            if dotted(func)[-1:] and dotted(func)[-1] in KEEPERS_OF_BEHAVIOUR:  # partial(f)()
                for path in filter(None, map(dotted, func.args)):
                    self._use(path, node.lineno, called=True)
        else:
            self._mutate_by_call(func)
            if isinstance(func, ast.Subscript) and is_plain(func.value):  # `Repo[int]()`, `TABLE["x"]()`
                self._use(path, node.lineno, called=True)
            self._without_via(func)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        first = len(self.later)
        self._function(node.args, [node.body])
        if not self._depth and self._via and self._via[-1] in CALLERS | START_UP:
            self.now += [replace(use, called=True, via=()) for use in self.later[first:]]

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self._look_into(node.generators[0].iter)
        names = {n.id for g in node.generators for n in walk(g.target) if isinstance(n, ast.Name)}
        self._scopes.append(names)
        for index, generator in enumerate(node.generators):
            if index:
                self._look_into(generator.iter)
            for test in generator.ifs:
                self._look_into(test)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for part in parts:
            self.visit(part)
        self._scopes.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _look_into(self, node: ast.AST) -> None:
        """It is gone through or computed with before whatever gets the outcome is called."""
        if self._via and self._via[-1] in CALLERS | START_UP:
            self.visit(node)
        else:
            self._without_via(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        self._look_into(node.value)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._look_into(node.test)
        self.visit(node.body)
        self.visit(node.orelse)

    def _operands(self, node: ast.AST) -> None:
        for part in children(node):
            self._look_into(part)

    visit_BinOp = visit_UnaryOp = visit_Compare = visit_JoinedStr = _operands

    def _without_via(self, node: ast.AST) -> None:
        before, self._via = self._via, ()
        self.visit(node)
        self._via = before

    # ----------------------------------------------------------------------------------------- statements

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._decorators(node.decorator_list)
        self._defaults(node.args)
        if self._annotations_later and not node.decorator_list:
            self._depth += 1
        before, self._via = self._via, ANNOTATED if self._depth else ()
        for annotation in annotations_of(node):
            self.visit(annotation)  # of a function within one: nothing but which object it is counts
        self._via = before
        self._depth -= self._annotations_later and not node.decorator_list
        self._bind(node.name)
        first = len(self.later)
        self._function(node.args, node.body, declared_global(node.body))
        if not self._depth and any(part in START_UP for d in node.decorator_list for part in dotted(d)):
            self.now += [replace(use, called=True, via=()) for use in self.later[first:]]

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._decorators(node.decorator_list)
        for base in (*node.bases, *(k.value for k in node.keywords)):
            path = dotted(base)
            if path and not self._is_local(path[0]):
                self._use(path, base.lineno, called=True)
            if base not in node.bases or not is_plain(base):  # who derives from a class does not look into it
                self.visit(base)
        self._bind(node.name)
        self._in_class += 1
        for statement in node.body:
            self.visit(statement)
        self._in_class -= 1

    def _decorators(self, decorators: list[ast.expr]) -> None:
        for decorator in decorators:
            path = dotted(decorator)
            self._mutate_by_call(decorator, decorates=True)
            if path and is_plain(decorator):
                self._use(path, decorator.lineno, callee=True, decorates=True)
            elif isinstance(decorator, ast.Call):
                self.visit_Call(decorator, decorates=True)
            else:
                self.visit(decorator)

    def _defaults(self, args: ast.arguments) -> None:
        for default in (*args.defaults, *(d for d in args.kw_defaults if d is not None)):
            self._without_via(default)

    def _function(self, args: ast.arguments, body: Sequence[ast.AST], globals_: frozenset[str] = frozenset()) -> None:
        names = {a.arg for a in walk(args) if isinstance(a, ast.arg)}
        names |= assigned(body)
        before_via, self._via = self._via, ()
        before_class, self._in_class = self._in_class, 0
        self._scopes.append(names - globals_)
        self._depth += 1
        for part in body:
            self.visit(part)
        self._depth -= 1
        self._scopes.pop()
        self._via, self._in_class = before_via, before_class

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])
            self._imported(alias.name, "*", node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = absolute(node, self._package)
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias.asname or alias.name)
            self._imported(module, alias.name, node.lineno)

    def _imported(self, module: str, name: str, line: int) -> None:
        """Of import statements at the top level the names tell, wherever they are used."""
        if self._depth or self._in_class:
            (self.later if self._depth else self.now).append(Use((IMPORTED, module, name), line, called=True))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        path = dotted(node.target)
        if path:
            self._use(path, node.lineno, stored=True)
            self._mutate(node.target)
        self.visit(node.target)

    def _named(self, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        if name := node.rest if isinstance(node, ast.MatchMapping) else node.name:
            self._bind(name)
        self.generic_visit(node)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_MatchMapping = _named
