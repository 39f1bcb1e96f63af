"""The base of everything that run.json holds."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Values that do not change, with no field that was not declared and no number that JSON cannot hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
