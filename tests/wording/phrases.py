"""Python source -> the phrases that it passes to `say`, as far as the source alone tells."""

import ast
from collections.abc import Iterable, Iterator
from itertools import chain

Texts = set[str | None]  # None stands for those that the source does not tell


def said_in(source: str) -> Iterator[tuple[int, str, Texts]]:
    """Yield line, expression and all texts that it can be for everything that a module passes to `say`.

    Followed are constants, both sides of a condition, and names that are assigned to or looped over in the same
    function or at the top of the module.
    """
    if "say(" not in source:
        return
    module = ast.parse(source)
    top = _Scope(module.body)
    yield from _said_by(module, top)
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            yield from _said_by(node, _Scope(ast.walk(node), top))


def _said_by(function: ast.AST, scope: "_Scope") -> Iterator[tuple[int, str, Texts]]:
    """Look through a function, but into no function in it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.FunctionDef):
            continue
        yield from _said_by(node, scope)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "say":
            yield node.lineno, ast.unparse(node.args[0]), scope.texts(node.args[0])


class _Scope:
    """What names stand for in a function or at the top of a module."""

    def __init__(self, nodes: Iterable[ast.AST], outer: "_Scope | None" = None) -> None:
        self._outer = outer
        self._open: set[str] = set()  # names on the way to the one that is asked for, which may lead back to them
        self._assigned: dict[str, list[ast.expr]] = {}
        self._looped: dict[str, list[tuple[ast.expr, int | None]]] = {}  # name -> iterable, place in its tuples
        for node in nodes:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AugAssign(target=ast.Name(id=name), value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    self._assigned.setdefault(name, []).append(value)
                case ast.For(target=target, iter=looped) | ast.comprehension(target=target, iter=looped):
                    self._bind_loop(target, looped)

    def texts(self, node: ast.expr) -> Texts:
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp():
                return self.texts(node.body) | self.texts(node.orelse)
            case ast.Name(id=name):
                return self._union(self._values(name))
            case ast.Subscript(value=ast.Name(id=name)):
                return self._union(chain.from_iterable(map(_contents, self._values(name))))
        return {None}

    def _union(self, nodes: Iterable[ast.expr]) -> Texts:
        return set().union(*map(self.texts, nodes)) or {None}

    def _bind_loop(self, target: ast.expr, looped: ast.expr) -> None:
        names = enumerate(target.elts) if isinstance(target, ast.Tuple) else [(None, target)]
        for place, name in names:
            if isinstance(name, ast.Name):
                self._looped.setdefault(name.id, []).append((looped, place))

    def _values(self, name: str) -> Iterator[ast.expr]:
        if name in self._open:
            return
        self._open.add(name)
        yield from self._bound_to(name)
        self._open.remove(name)

    def _bound_to(self, name: str) -> Iterator[ast.expr]:
        if self._outer and name not in self._assigned and name not in self._looped:
            yield from self._outer._values(name)
        yield from self._assigned.get(name, ())
        for looped, place in self._looped.get(name, ()):
            for item in [*self._items(looped)] or [looped]:
                yield item.elts[place] if isinstance(item, ast.Tuple) and place is not None else item

    def _items(self, node: ast.expr) -> Iterator[ast.expr]:
        match node:
            case ast.Tuple() | ast.List():
                yield from node.elts
            case ast.ListComp():
                yield node.elt
            case ast.Dict():
                yield from filter(None, node.keys)
            case ast.Name(id=name):
                yield from chain.from_iterable(map(self._items, self._values(name)))
            case ast.Call(func=ast.Attribute(attr="items" | "values" as part, value=ast.Name(id=name))):
                for table in self._values(name):
                    if isinstance(table, ast.Dict):
                        yield from map(_pair, table.keys, table.values) if part == "items" else table.values


def _contents(table: ast.expr) -> list[ast.expr]:
    return table.values if isinstance(table, ast.Dict) else [table]


def _pair(key: ast.expr | None, value: ast.expr) -> ast.Tuple:
    return ast.Tuple([key or ast.Constant(None), value])
