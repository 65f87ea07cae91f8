"""REST: the templates by which an organization's summaries can be made."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from insights.models import SummaryTemplate
from insights.summaries import sections, templates


class TemplateSection(serializers.Serializer[Any]):
    key = serializers.ChoiceField(choices=list(sections.TITLES))
    title = serializers.CharField(
        allow_blank=True, help_text="Empty: the program's own, in the summary's language."
    )
    hidden = serializers.BooleanField()


class TemplateShape(serializers.Serializer[Any]):
    """What a summary holds, in which order. Sections that are not named follow in their own."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    is_default = serializers.BooleanField()
    sections = TemplateSection(many=True)
    guidance = serializers.CharField(
        allow_blank=True, help_text="What a language model is told about the wording."
    )
    updated_at = serializers.DateTimeField()


def template_json(template: SummaryTemplate) -> dict[str, Any]:
    return {
        "id": str(template.pk),
        "name": template.name,
        "is_default": template.is_default,
        "sections": template.sections,
        "guidance": template.guidance,
        "updated_at": template.updated_at.isoformat(),
    }


class SummaryTemplates(Endpoint):
    """The templates of your organizations; admins write them in the administration."""

    @extend_schema(operation_id="summary_templates_list", responses={200: paged(TemplateShape)})
    def get(self, request: Request) -> Response:
        """Return the templates that a summary can be made by."""
        found = templates.visible_to(request.user)
        return self.page(request, found, template_json, ("name", "pk"))
