"""What `--set` says: assignments of hyperparameters."""

from typing import Any

from harness.errors import UserError


def parse_assignments(assignments: list[str] | tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Turn `STRATEGY.FIELD=VALUE` strings into strategy -> field -> value, values still text.

    Raises:
        UserError: Where one is not of that form, or a field gets two values.
    """
    parsed: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        target, equals, value = str(assignment).partition("=")
        strategy, dot, field = target.strip().rpartition(".")
        if not (equals and dot and strategy and field):
            raise UserError(f"--set expects STRATEGY.FIELD=VALUE, such as logreg_probe.C=0.1, got {assignment!r}.")
        field, fields = field.replace("-", "_"), parsed.setdefault(strategy, {})
        if fields.setdefault(field, value.strip()) != value.strip():
            raise UserError(
                f"--set {strategy}.{field} is given twice, as {fields[field]!r} and {value.strip()!r}. Give it once; "
                f"-s '{strategy}({field}=A|B)' tries several values."
            )
    return parsed
