"""RunConfig: flags and the TOML file are the same thing."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from harness.config.amounts import read_budget, read_duration, read_latency, read_size
from harness.config.assignments import parse_assignments
from harness.config.folds import read_fold, read_folds
from harness.config.strategy_spec import parse_specs, spec_of_table
from harness.errors import UserError, did_you_mean, reasons

DEFAULT_DATASET = "emotion"
DEFAULT_MODEL = "distilbert-base-uncased"
RANGE = re.compile(r"\s*(\d{1,10})\s*-\s*(\d{1,10})\s*")
MOST_IN_A_RANGE = 1000

MaxLength = Annotated[int, Field(ge=4)]
"""Tokens that texts are cut at, those of a beginning and an end among them."""
NonEmpty = Annotated[str, Field(min_length=1)]


class RunConfig(BaseModel):
    """Everything a run depends on besides the data, the model and the plugins themselves.

    `dataset` and `model` are None where nobody named them: then the defaults apply, and the bundled sample may stand
    in for them. `prompt` is put before each text that a frozen encoder reads, None for what its checkpoint declares.
    `max_length` is the number of tokens that texts are cut at, None for the encoder's own limit, and `engine` is what
    computes the frozen features. `set` maps strategy
    -> field -> value. `plugins` are files and modules, as they were given. `on` is where trials run, None for what the
    environment's HARNESS_ON says, else `local`; `share` is a folder or a URL by which files reach machines of a pool
    that do not see this one's disk. `time_limit` is in seconds and `memory_limit` in bytes, of each trial; `sandbox`
    keeps workers from all files but those of their trial, and from the network.
    `max_latency` is in seconds: the answer names the best of what answers 95 of 100 single texts within it. `track`
    names the trackers that are told how the run goes, `metrics` the metrics to score by besides those of every table,
    and `select_by` the one that chooses, None for f1_macro and, among epochs, f1_weighted. `costs` is a CSV file of
    what each mistake costs. `budget` is what each strategy's search may take: a number of configurations, or a time
    such as 10m; None for no search. `folds` is what a cross-validation is made of, such as 5 or 5x3, and `fold` which
    of them a run of it tests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategies: tuple[str, ...] = ("all",)
    dataset: NonEmpty | None = None
    text_column: str | None = None
    label_column: str | None = None
    label_names: tuple[str, ...] | None = None
    normalise_labels: bool = False
    header: bool | None = None
    columns: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    encoding: str | None = None
    quoting: Literal["auto", "yes", "no"] = "auto"
    test_size: Annotated[float, Field(gt=0, lt=1)] | None = None
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    model: NonEmpty | None = None
    revision: str | None = None
    prompt: Annotated[str, Field(max_length=10_000)] | None = None
    max_length: MaxLength | None = None
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = (0,)
    train_sizes: tuple[Literal["all"] | Annotated[int, Field(ge=2)], ...] = ("all",)
    per_class: Annotated[int, Field(ge=1)] | None = None
    limit: Annotated[int, Field(ge=2)] | None = None
    folds: str | None = None
    fold: str | None = None
    set: dict[str, dict[str, Any]] = {}
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    engine: Literal["auto", "torch", "openvino", "openvino-int8"] = "torch"
    batch_tokens: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    cache: bool = True
    cache_dir: NonEmpty | None = None
    output_dir: str = "reports"
    plugins: tuple[NonEmpty, ...] = ()
    track: tuple[NonEmpty, ...] = ()
    offline: bool = False
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.01
    metrics: tuple[NonEmpty, ...] = ()
    select_by: NonEmpty | None = None
    costs: NonEmpty | None = None
    budget: Annotated[int | str, BeforeValidator(read_budget)] | None = None
    max_latency: Annotated[float, BeforeValidator(read_latency), Field(gt=0, lt=1e6)] | None = None
    fail_fast: bool = False
    on: NonEmpty | None = None
    share: NonEmpty | None = None
    time_limit: Annotated[float, BeforeValidator(read_duration), Field(gt=0, lt=1e9)] | None = None
    memory_limit: Annotated[int, BeforeValidator(read_size), Field(gt=0, lt=2**63)] | None = None
    sandbox: bool = False
    save_models: bool = True
    save_texts: bool = True

    @field_validator("strategies", mode="before")
    @classmethod
    def _read_specs(cls, value: Any) -> Any:
        """Write every item the same way, whether it came as text, as a list or as `[[strategies]]` tables."""
        items = [value] if isinstance(value, str | dict) else value
        if not isinstance(items, list | tuple):
            raise ValueError("expected names of strategies")
        specs = [[spec_of_table(item)] if isinstance(item, dict) else parse_specs(str(item)) for item in items]
        return tuple(str(spec) for listed in specs for spec in listed)

    @field_validator("folds", mode="before")
    @classmethod
    def _number_of_folds(cls, value: Any) -> str | None:
        if value is not None:
            read_folds(str(value))
        return None if value is None else str(value)

    @field_validator("fold")
    @classmethod
    def _one_fold(cls, value: str | None) -> str | None:
        return None if value is None else str(read_fold(value))

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            " ".encode(value or "utf-8")  # of an empty text the name is not even looked at
        except LookupError as error:
            raise ValueError("expected an encoding such as utf-8, utf-16, cp1252 or gb18030") from error
        return value

    @field_validator("label_names", "columns", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        value = value.tolist() if hasattr(value, "tolist") else value  # arrays, and columns and indices of frames
        listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
        names = (str(each).strip() if isinstance(each, str | int | float) else each for each in listed)
        return None if value is None else tuple(name for name in names if name != "")

    @field_validator("columns")
    @classmethod
    def _each_once(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value and len(set(value)) < len(value):
            raise ValueError("expected names that differ")
        return value

    @field_validator("seeds", "train_sizes", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            parts = (part.strip() for part in value.split(","))
            return tuple(int(part) if part.isdigit() else part for part in parts if part)
        return (value,) if isinstance(value, int) else value

    @field_validator("seeds", mode="before")
    @classmethod
    def _count_ranges(cls, value: Any) -> Any:
        """Write 0-4 as 0,1,2,3,4; pydantic calls this one before the one above."""
        return ",".join(map(_spelt_out, value.split(","))) if isinstance(value, str) else value

    @field_validator("batch_tokens", mode="before")
    @classmethod
    def _whole_or_auto(cls, value: Any) -> Any:
        if value != "auto" and not (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
            raise ValueError("expected 'auto' or a whole number from 1")
        return value

    @field_validator("track", "metrics", mode="before")
    @classmethod
    def _names_at_commas(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("plugins", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("label_names")
    @classmethod
    def _some_or_left_out(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and not value:
            raise ValueError("name at least one")
        return value

    @field_validator("strategies", "seeds", "train_sizes")
    @classmethod
    def _without_repeats(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("name at least one")
        return tuple(dict.fromkeys(value))

    @field_validator("metrics")
    @classmethod
    def _each_metric_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("per_class")
    @classmethod
    def _no_sizes_besides(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and info.data.get("train_sizes", ("all",)) != ("all",):
            raise ValueError("it says how many rows of train to fit on, so leave out --train-sizes")
        return value

    @field_validator("set", mode="before")
    @classmethod
    def _parse_assignments(cls, value: Any) -> Any:
        return parse_assignments(value) if isinstance(value, list | tuple) else value

    @property
    def asked_metrics(self) -> tuple[str, ...]:
        """All metrics that were named, to be shown or to choose by."""
        of_costs = ("expected_cost",) if self.costs else ()
        return tuple(dict.fromkeys((*self.metrics, *of_costs, *([self.select_by] if self.select_by else ()))))

    @property
    def dataset_name(self) -> str:
        """The data set to load, the default where none was named."""
        return self.dataset or DEFAULT_DATASET

    @property
    def model_name(self) -> str:
        """The encoder to load, the default where none was named."""
        return self.model or DEFAULT_MODEL


def _spelt_out(part: str) -> str:
    """Return the numbers of a range such as 0-4, comma-separated; what is no range as it is."""
    match = RANGE.fullmatch(part)
    if match is None:
        return part
    first, last = int(match[1]), int(match[2])
    if not first <= last < first + MOST_IN_A_RANGE:
        raise ValueError(f"expected a range that counts up, of at most {MOST_IN_A_RANGE} numbers")
    return ",".join(map(str, range(first, last + 1)))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a configuration file; keys may be spelt with dashes or underscores.

    Raises:
        UserError: Where the file is missing, is not TOML or holds a name that is no flag.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"Cannot read the configuration file {path}: {error.strerror}. Check --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The configuration file {path} is not valid TOML: {error}.") from error
    values = {key.replace("-", "_"): value for key, value in content.items()}
    if len(values) < len(content):
        raise UserError(f"The configuration file {path} sets an option twice, with dashes and underscores. Keep one.")
    for key in values:
        if key not in RunConfig.model_fields:
            raise UserError(
                f"The configuration file {path} sets {key!r}, which is no option that a file can set. "
                + did_you_mean(key, RunConfig.model_fields)
            )
    return values


def build_config(flags: Mapping[str, Any], file: Path | None = None) -> RunConfig:
    """Merge flags over the configuration file over the defaults.

    Args:
        flags: Options given on the command line, those not given left out; `set` as a list of
            assignments.
        file: A TOML file with the same names; its plugins are loaded besides those of the flags.

    Returns:
        The configuration.

    Raises:
        UserError: For a value that does not fit, naming the option.
    """
    values = read_toml(file) if file else {}
    in_file = values.get("set", {})
    try:
        overrides = parse_assignments(in_file) if isinstance(in_file, list) else _underscored(dict(in_file))
        for strategy, fields in parse_assignments(flags.get("set", ())).items():
            overrides[strategy] = {**overrides.get(strategy, {}), **fields}
        plugins = RunConfig(plugins=values.get("plugins", ())).plugins + tuple(flags.get("plugins", ()))
        return RunConfig(**{**values, **flags, "set": overrides, "plugins": plugins})
    except (ValidationError, TypeError, ValueError, AttributeError) as error:
        raise UserError(_explain(error)) from error


def _underscored(table: dict[str, Any]) -> dict[str, Any]:
    underscored = {
        strategy: {field.replace("-", "_"): value for field, value in dict(fields).items()}
        for strategy, fields in table.items()
    }
    if twice := [strategy for strategy, fields in table.items() if len(underscored[strategy]) < len(fields)]:
        raise ValueError(f"{twice[0]} sets a field twice, with dashes and underscores")
    return underscored


def _explain(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"The [set] table must map strategy -> field -> value: {error}."
    wrong: dict[tuple[str, str], list[str]] = {}
    for problem in error.errors():
        option = str(problem["loc"][0]).replace("_", "-")
        wrong.setdefault((option, repr(problem["input"])), []).append(problem["msg"])
    lines = [f"--{option}: {reasons(problems)}, got {value}." for (option, value), problems in wrong.items()]
    return " ".join(lines) + " See 'harness run --help'."
