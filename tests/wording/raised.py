"""Python source -> the messages of the errors that it raises, with a stand-in for each value."""

import ast
from collections.abc import Iterator

VALUE = "7"  # stands for numbers and for words
ERRORS = ("UserError", "DataError", "ModelError", "UnavailableError", "PluginError", "StrategyError")


def raised_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and message of every error that is made of a text written there; others cannot be followed."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
            message = _message(node.args[0])
            if message != VALUE:
                yield node.lineno, message


def _message(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_message(part) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _message(left) + _message(right)
        case ast.Call(func=ast.Attribute(value=text, attr="rstrip")):
            return _message(text)
    return VALUE
