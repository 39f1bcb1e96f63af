"""What choosing the best of many flatters a validation score by, as tables show it."""

from harness.document import numbers
from harness.wording.languages import Say


def flattery(optimism: float | None, *, is_loss: bool) -> str:
    """Return what the order takes off a validation score, or adds to a loss; "" where that is nothing to show."""
    return f"{'+' if is_loss else '-'}{numbers.score(optimism)}" if is_shown(optimism) else ""


def is_shown(optimism: float | None) -> bool:
    """Return whether what is taken off is more than zero where it is written."""
    return optimism is not None and float(numbers.score(optimism)) > 0


def said_of_flattery(say: Say) -> str:
    """Return what stands below a table with `flattery`."""
    return say(
        "Below or beside a validation score: by how much choosing the best of all that was tried flatters it "
        "(bootstrap). The order of the table takes it off."
    )
