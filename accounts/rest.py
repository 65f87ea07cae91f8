"""What all REST endpoints share: one base class, lists page by page."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from copilot.lib.sealed import opened


class ByCursor(CursorPagination):
    """`?cursor=…&limit=…`: a page stays the same while rows are added in front of it."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"


class Endpoint(APIView):
    """Base of every REST view."""

    def page(
        self,
        request: Request,
        rows: QuerySet[Any],
        show: Callable[[Any], dict[str, Any]],
        ordering: tuple[str, ...],
    ) -> Response:
        """Return `{"next", "previous", "results"}` of the rows in this order.

        The order ends with a unique field. A damaged row is left out.
        """
        paginator = ByCursor()
        paginator.ordering = ordering
        found: list[Model] = paginator.paginate_queryset(rows, request, view=self) or []
        return paginator.get_paginated_response(opened(found, show))
