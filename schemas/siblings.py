"""Files that one wish asks for in several shapes: they are framed and made side by side. Data only."""

from __future__ import annotations

from uuid import UUID

from schemas.documents import Aspect
from schemas.media import ObjectRef, Value


class Sibling(Value, frozen=True, kw_only=True):
    """Another export of the same wish: nothing but its shape is another."""

    export_id: UUID
    aspect: Aspect


class FramedSibling(Sibling, frozen=True, kw_only=True):
    """The same with the crops of its shape in ``plan``."""

    plan: ObjectRef
