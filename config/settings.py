"""Placeholder: replaced by the settings helper."""

from __future__ import annotations
from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section of the configuration; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
