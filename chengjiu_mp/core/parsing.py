"""Input from outside into a pydantic model; what does not fit becomes a refusal with pointers, codes and Chinese
words.
"""

import re
import types
import typing
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.core.wording import sentence_for

M = TypeVar("M", bound=BaseModel)

# Row numbers fit PostgreSQL's integer: a larger one is not a row of ours, and must not reach the driver.
RowId = Annotated[int, Field(ge=1, le=2_147_483_647)]
# A day whose neighbours and whose time in another zone still exist in the calendar.
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]

# An instant for which the same holds.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))]


def _of_the_clock(typed: time) -> time:
    # A number is read as seconds after midnight in UTC; such a time compares with none of ours.
    if typed.tzinfo is not None:
        raise PydanticCustomError("time_parsing", "a time of the day has no zone")
    return typed


# A time of the day in Jiangyin.
TimeOfDay = Annotated[time, AfterValidator(_of_the_clock)]

# Our own forms nest once; a name of thousands of dots is nobody's field.
_DEEPEST = 8
# Names of ours are words; anything else as a name may be a value that slipped there, such as a document number.
_OUR_NAME = re.compile(r"(?!.*\d{4})[\w.-]{1,40}", re.ASCII)


class In(BaseModel):
    """Base of everything that comes in: unknown fields are refused (rel-Z4), text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=2000)


class Out(BaseModel):
    """Base of everything that goes out."""

    model_config = ConfigDict(from_attributes=True)


class Malformed(Refusal):
    code = "malformed"
    message = "提交的内容不完整或无法识别，请重新提交。"
    kind = Kind.MALFORMED


class UnsupportedMediaType(Refusal):
    code = "unsupported_media_type"
    message = "请以 JSON（application/json）提交。"
    kind = Kind.UNSUPPORTED


class Invalid(Refusal):
    """Fields that do not fit; ``errors`` is a list of {pointer, code, detail}."""

    code = "invalid"
    message = "有几项需要修改，请看下面的提示。"
    kind = Kind.INVALID

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(errors=errors)
        self.errors = errors


class Pairs(Protocol):
    """What a form or a query string offers."""

    def keys(self) -> Iterable[str]: ...
    def getlist(self, key: str) -> list[str]: ...


def from_json(model: type[M], data: bytes) -> M:
    """Return the model read from a JSON body.

    :raise Malformed: when it is not JSON; :raise Invalid: when it does not fit
    """
    if b"\x00" in data or b"\\u0000" in data:
        raise Malformed
    try:
        return model.model_validate_json(data)
    except ValidationError as exc:
        errors = errors_of(exc)
        if errors[0]["code"] == "json_invalid":
            raise Malformed from None
        raise Invalid(errors) from None


def from_pairs(model: type[M], pairs: Pairs, *, ignore: frozenset[str] = frozenset()) -> M:
    """Return the model read from a form or a query: dotted names nest, empty text is left out, lists by annotation.

    :raise Malformed: on a NUL character, or a name that nests without end; :raise Invalid: when it does not fit
    """
    tree: dict[str, Any] = {}
    for name in pairs.keys():  # noqa: SIM118  a MultiDict iterates differently
        values = [v for v in pairs.getlist(name) if v.strip()]
        if "\x00" in name or any("\x00" in v for v in values) or name.count(".") > _DEEPEST:
            raise Malformed
        if values and name not in ignore:
            _put(tree, model, name.split("."), values)
    try:
        return model.model_validate(tree)
    except ValidationError as exc:
        raise Invalid(errors_of(exc)) from None


def _put(tree: dict[str, Any], model: Any, path: list[str], values: list[str]) -> None:
    head, *rest = path
    annotation = model.model_fields[head].annotation if _is_model(model) and head in model.model_fields else None
    if rest:
        child = tree.setdefault(head, {})
        if isinstance(child, dict):
            _put(child, _inner(annotation), rest, values)
    else:
        tree[head] = values if _is_list(annotation) else values[0]


def _is_model(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _is_list(annotation: Any) -> bool:
    return any(typing.get_origin(a) in (list, tuple, set) for a in _members(annotation))


def _inner(annotation: Any) -> Any:
    return next((a for a in _members(annotation) if _is_model(a)), None)


def _members(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def errors_of(exc: ValidationError) -> list[dict[str, str]]:
    """Return pydantic's complaints as {pointer, code, detail}; an unknown field's name is echoed only if it is a
    word.
    """
    found = []
    for error in exc.errors(include_url=False, include_input=False):
        where = [_shown(part) for part in error["loc"]]
        detail = sentence_for(error["type"], error.get("ctx"))
        found.append({"pointer": "/" + "/".join(where) if where else "", "code": error["type"], "detail": detail})
    return found


def _shown(part: int | str) -> str:
    return str(part) if isinstance(part, int) or _OUR_NAME.fullmatch(part) else "?"
