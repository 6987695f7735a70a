"""Caption templates of this release."""

from __future__ import annotations

import msgspec

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem
from schemas.options.caption_template import DEFAULT_TEMPLATE, CaptionTemplate, templates

CACHED = {"Cache-Control": "private, max-age=300"}


class TemplateList(msgspec.Struct, frozen=True, kw_only=True):
    """All templates, the default first."""

    items: list[CaptionTemplate]
    default: str
    """Id of the default template."""


async def list_templates(_call: Call[None, None]) -> Reply:
    """Every template in full."""
    body = TemplateList(items=list(templates().values()), default=DEFAULT_TEMPLATE)
    return Reply(body=body, headers=CACHED)


async def get_template(call: Call[None, None]) -> Reply:
    """One template."""
    template_id = str(call.request.path_params["template"])
    if template_id not in templates():
        raise ApiProblem("not-found", f"There is no such caption template. These are known: {', '.join(templates())}.")
    return Reply(body=templates()[template_id], headers=CACHED)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/caption-templates",
        name="listCaptionTemplates",
        tag="clips",
        permission="brand:read",
        summary="List the caption templates",
        handler=list_templates,
        response=TemplateList,
    ),
    Operation(
        method="GET",
        path="/v1/caption-templates/{template}",
        name="getCaptionTemplate",
        tag="clips",
        permission="brand:read",
        summary="Read a caption template",
        handler=get_template,
        response=CaptionTemplate,
    ),
)
