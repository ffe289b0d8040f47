"""The form of a certificate's design: what it holds, and how it becomes the value that decides the picture."""

from typing import Annotated, Any

from pydantic import Field

from chengjiu_mp.certificates.template import PREPRINTED, Box, Line, Template
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, RowId
from chengjiu_mp.web import forms

Mm = Annotated[float, Field(ge=0, le=297, allow_inf_nan=False)]
Side = Annotated[float, Field(ge=5, le=297, allow_inf_nan=False)]

# (field, label, [(form field, what it measures)]), in the order of the page from above.
PLACES = (
    ("name", "姓名框", (("name_x", "左边"), ("name_y", "上边"), ("name_width", "宽"), ("name_height", "高"),
                     ("name_size", "字高"))),
    ("number", "证书编号", (("number_x", "左边"), ("number_y", "文字底线"))),
    ("issued", "发证日期", (("issued_x", "左边"), ("issued_y", "文字底线"))),
    ("until", "有效期", (("until_x", "左边"), ("until_y", "文字底线"))),
    ("code", "二维码", (("code_x", "左边"), ("code_y", "上边"), ("code_side", "边长"))),
    ("photo", "照片（宽 35、高 49，固定）", (("photo_x", "左边"), ("photo_y", "上边"))),
)  # fmt: skip
_FIRST = {field: parts[0][0] for field, _, parts in PLACES}


class TemplatePage(In):
    """Lengths are millimetres."""

    title: str = Field(min_length=1, max_length=60)
    issuer: str = Field(min_length=1, max_length=60)
    statement: str = Field(min_length=1, max_length=200)
    name_x: Mm
    name_y: Mm
    name_width: Side
    name_height: Side
    name_size: Side
    number_x: Mm
    number_y: Mm
    issued_x: Mm
    issued_y: Mm
    until_x: Mm
    until_y: Mm
    code_x: Mm
    code_y: Mm
    code_side: Annotated[float, Field(ge=20, le=100, allow_inf_nan=False)]
    photo: bool = False
    photo_x: Mm = 240.0
    photo_y: Mm = 76.0
    document_tail: bool = False
    preprinted: list[str] = Field(default=[], max_length=len(PREPRINTED))
    emblem_id: RowId | None = None
    revision: int = Field(default=0, ge=0, le=2_000_000_000)

    def look(self, version: str) -> Template:
        """The design that was typed."""
        return Template(
            version=version, title=self.title, issuer=self.issuer, statement=self.statement,
            name=Box(self.name_x, self.name_y, self.name_width, self.name_height), name_size=self.name_size,
            number=Line(self.number_x, self.number_y), issued=Line(self.issued_x, self.issued_y),
            until=Line(self.until_x, self.until_y), code=Line(self.code_x, self.code_y), code_side=self.code_side,
            photo=Line(self.photo_x, self.photo_y) if self.photo else None, document_tail=self.document_tail,
            preprinted=tuple(key for key in PREPRINTED if key in self.preprinted),
        )  # fmt: skip

    @classmethod
    def of(cls, look: Template, emblem_id: int | None, revision: int) -> "TemplatePage":
        """The form that shows a design."""
        lines: dict[str, Any] = {
            f"{field}_{axis}": getattr(getattr(look, field), axis)
            for field in ("number", "issued", "until", "code")
            for axis in "xy"
        }
        photo: dict[str, Any] = {"photo": True, "photo_x": look.photo.x, "photo_y": look.photo.y} if look.photo else {}
        box: dict[str, Any] = {f"name_{key}": getattr(look.name, key) for key in ("x", "y", "width", "height")}
        return cls(
            title=look.title, issuer=look.issuer, statement=look.statement, name_size=look.name_size,
            code_side=look.code_side, document_tail=look.document_tail, preprinted=list(look.preprinted),
            emblem_id=emblem_id, revision=revision, **box, **lines, **photo,
        )  # fmt: skip


def errors(refusal: Refusal) -> dict[str, str]:
    """Return the sentences of a refusal at the form's own fields."""
    return {_FIRST.get(name, name): said for name, said in forms.errors(refusal, "title").items()}
