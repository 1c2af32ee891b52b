"""What a model's fields say about the values that belong in them."""

from __future__ import annotations

import collections.abc
import json
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo


def types(annotation: Any) -> Iterator[Any]:
    """The members of a union, or the type itself."""
    if get_origin(annotation) in {Union, UnionType}:
        for each in get_args(annotation):
            yield from types(each)
    elif get_origin(annotation) is Annotated:
        yield from types(get_args(annotation)[0])
    else:
        yield annotation


def is_collection(members: Sequence[Any]) -> bool:
    """Whether one of the types holds several values."""
    origins = (get_origin(each) or each for each in members)
    return any(
        isinstance(each, type) and issubclass(each, collections.abc.Collection) and each not in {str, bytes}
        for each in origins
    )


def model_in(members: Sequence[Any]) -> type[BaseModel] | None:
    """The first of the types that is a section of its own."""
    return next((each for each in members if isinstance(each, type) and issubclass(each, BaseModel)), None)


def model_of_items(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The section of which a field of the model holds several, if it does."""
    field = model.model_fields.get(key)
    return model_in([item for each in types(field.annotation) for item in get_args(each)]) if field else None


def keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys that may be written in the section."""
    for name, field in model.model_fields.items():
        yield name
        if SecretStr in types(field.annotation):
            yield f"{name}_file"


def split(value: str) -> Any:
    """A list as JSON or separated by commas."""
    if value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError:
            pass
    return [part.strip() for part in value.split(",") if part.strip()]


def default_in_toml(model: type[BaseModel], key: str) -> str:
    """The field's default as it is written, "" where it has none worth showing."""
    field: FieldInfo | None = model.model_fields.get(key)
    default = field.get_default() if field is not None else None
    holds = default if isinstance(default, tuple | list) else [default]
    shown = default and all(isinstance(each, str | int | float) for each in holds)
    return json.dumps(default, ensure_ascii=False) if shown else ""
