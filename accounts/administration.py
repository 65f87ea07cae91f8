"""Django admin for organizations: a site that opens to admins, and model admins that never look
over the border of an organization.

Rights come from roles, not from Django's permission rows. What is missing, foreign or forbidden
answers 404 alike. A model admin that is not `Scoped` is not registered at all: those of other
packages show keys and hashes.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.sites import UnfoldAdminSite

from accounts.models import Organization
from accounts.queries import organizations_managed_by
from copilot.lib.errors import DomainError

GROUPS = {
    "people": _("People"),
    "interviews": _("Interviews"),
    "organization": _("Organization"),
    "installation": _("Installation"),
}
# Sign-in, sign-out and passwords are the product's own pages; the search keeps results in a cache,
# and "view on site" tells whether an object exists.
LEFT_OUT = {
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "search",
    "view_on_site",
}
# What Django's own filters write behind the name of a column.
FILTERED_BY = {"", "exact", "id__exact", "isnull", "gte", "lt"}


def managed(request: HttpRequest) -> frozenset[UUID]:
    """Return the ids of the organizations this request may administer."""
    ids: frozenset[UUID] | None = getattr(request, "_managed", None)
    if ids is None:
        ids = frozenset(organizations_managed_by(request.user).values_list("pk", flat=True))
        request._managed = ids  # type: ignore[attr-defined]  # asked many times per page
    return ids


def sees_everything(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


def hidden(request: HttpRequest) -> frozenset[UUID]:
    """Return the organizations closed even to this superuser: they require a second factor."""
    ids: frozenset[UUID] | None = getattr(request, "_hidden", None)
    if ids is None:
        others = Organization.objects.exclude(pk__in=managed(request))
        ids = frozenset(others.values_list("pk", flat=True))
        request._hidden = ids  # type: ignore[attr-defined]  # asked many times per page
    return ids


def may_enter(request: HttpRequest) -> bool:
    return sees_everything(request) or bool(managed(request))


def prove(request: HttpRequest, *, keep: bool = True) -> None:
    """Ask for a recent proof of identity before a dangerous act, which then goes on by itself.

    `keep=False` is for forms that hold a secret: they come back empty, since what goes on by itself
    waits in the session store.
    """
    if not is_reauthentication_required(request, app="account"):
        return
    methods = get_adapter().get_reauthentication_methods(request.user)
    if keep or not methods:
        raise ReauthenticationRequired
    query = urlencode({"next": request.get_full_path()})
    raise ImmediateHttpResponse(HttpResponseRedirect(f"{methods[0]['url']}?{query}"))


def streamed(request: HttpRequest, lines: Iterator[str]) -> Iterable[str] | AsyncIterator[str]:
    """Give lines the way the server takes them without first collecting them all."""

    def some() -> str:
        return "".join(islice(lines, 200))

    async def one_by_one() -> AsyncIterator[str]:
        while batch := await sync_to_async(some)():
            yield batch

    return one_by_one() if isinstance(request, ASGIRequest) else lines


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """A page about the whole installation, for superusers; it has a place in the menu."""

    route: str
    name: str
    view: Callable[[HttpRequest], HttpResponse]
    icon: str
    title: Any
    summary: Any

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not sees_everything(request):
            raise Http404
        return self.view(request)


_operator_pages: list[OperatorPage] = []


def add_page(page: OperatorPage) -> None:
    """Put a page into the site and its menu; for the admin modules of other packages."""
    _operator_pages.append(page)


class AdministrationSite(UnfoldAdminSite):
    index_title = _("Administration")

    def register(
        self, model_or_iterable: Any, admin_class: type | None = None, **options: Any
    ) -> None:
        if admin_class is not None and issubclass(admin_class, Scoped):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter(request)

    def get_urls(self) -> list[URLPattern]:
        own = [path(page.route, self.admin_view(page), name=page.name) for page in _operator_pages]
        urls = [url for url in super().get_urls() if getattr(url, "name", "") not in LEFT_OUT]
        return [*own, *urls]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise Http404
            try:
                response: HttpResponse = inner(request, *args, **kwargs)
            except PermissionDenied:
                raise Http404 from None
            except DomainError as error:
                messages.error(request, error.detail)
                return HttpResponseRedirect(request.get_full_path())
            return response

        return guarded


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu: what the person may open, by group."""
    found: dict[str, list[dict[str, Any]]] = {group: [] for group in GROUPS}
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, Scoped) and model_admin.has_module_permission(request):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
            found[model_admin.group].append(
                {
                    "title": model_admin.title,
                    "link": reverse(name),
                    "icon": model_admin.icon,
                    "summary": model_admin.summary,
                }
            )
    if sees_everything(request):
        found["installation"] += [
            {
                "title": page.title,
                "link": reverse(f"admin:{page.name}"),
                "icon": page.icon,
                "summary": page.summary,
            }
            for page in _operator_pages
        ]
    return [{"title": GROUPS[group], "items": items} for group, items in found.items() if items]


def subheader(request: HttpRequest) -> str:
    names = organizations_managed_by(request.user).values_list("name", flat=True)[:2]
    return str(names[0] if len(names) == 1 else _("All your organizations"))


class _Border:
    """What keeps the forms of pages and inlines inside the organization."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer, and accept, only what the person's own lists show."""
        related = db_field.remote_field.model
        model_admin = self.admin_site._registry.get(related)  # type: ignore[attr-defined]
        kwargs["queryset"] = (
            model_admin.get_queryset(request) if model_admin else related._base_manager.none()
        )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        for link in ("add", "change", "delete", "view"):
            if hasattr(getattr(field, "widget", None), f"can_{link}_related"):
                setattr(field.widget, f"can_{link}_related", False)
        return field


class Scoped(_Border, ModelAdmin):
    """A model admin of one's own organizations; `acts` are what admins may do with the rows."""

    organization_path: str | None = "organization"  # None: nobody's, for superusers only
    acts: frozenset[str] = frozenset({"view"})
    group = "organization"
    icon = "folder"
    title: Any = ""
    summary: Any = ""
    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    compressed_fields = False

    # --- rights

    def _may(self, request: HttpRequest, act: str, obj: models.Model | None = None) -> bool:
        if act not in self.acts:
            return False
        if sees_everything(request):
            return True
        if self.organization_path is None or not managed(request):
            return False
        if obj is None or obj._state.adding:  # `save_form` and the form's choices see to that one
            return True
        return self._organization_of(obj) in managed(request)

    def _organization_of(self, obj: models.Model) -> UUID | None:
        found: Any = obj
        for name in str(self.organization_path).split("__"):
            found = getattr(found, name)
        organization_id: UUID | None = found.pk if isinstance(found, models.Model) else found
        return organization_id

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add") and bool(managed(request) or not self._owned)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete", obj)

    def get_urls(self) -> list[URLPattern]:
        # Django forwards an old form of its addresses without asking whether the object is there.
        return [url for url in super().get_urls() if str(url.pattern) != "<path:object_id>/"]

    # --- what is seen

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        if sees_everything(request):
            closed = hidden(request) if self.organization_path else ()
            return found.exclude(**{f"{self.organization_path}__in": closed}) if closed else found
        if self.organization_path is None:
            return found.none()
        return found.filter(**{f"{self.organization_path}__in": managed(request)})

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, pk: Any) -> Any:
        raise Http404

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let addresses filter by the filters shown and by nothing else: no guessing of columns."""
        shown = [f[0] if isinstance(f, tuple) else f for f in self.get_list_filter(request)]
        name, _separator, way = lookup.partition("__")
        return name in shown and way in FILTERED_BY  # else `owner__password__startswith` would do

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [*super().get_list_filter(request), *self._by_organization(request, as_filter=True)]

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), *self._by_organization(request)]

    def _by_organization(self, request: HttpRequest, as_filter: bool = False) -> Iterable[Any]:
        """Name the organization only where the person looks after more than one."""
        if not self._owned or len(managed(request)) < 2:
            return []
        return [("organization", admin.RelatedOnlyFieldListFilter) if as_filter else "organization"]

    # --- what is written

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_fields(request, obj)]
        return [*fields, *(name for name in self._by_organization(request) if name not in fields)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        readonly = [*super().get_readonly_fields(request, obj)]
        return [*readonly, "organization"] if obj and self._owned else readonly

    @property
    def _owned(self) -> bool:
        return self.organization_path == "organization"

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Put what is added into the person's own organization, unless they chose among several."""
        obj = super().save_form(request, form, change)
        if not change and self._owned and obj.organization_id is None:
            (obj.organization_id,) = managed(request)
        return obj

    # --- pages

    def _frame(self, extra: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        """Return what every page says: where it is; and only one way to save."""
        lists = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        ways = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return {
            "section": self.title,
            "section_url": reverse(lists),
            **ways,
            **more,
            **(extra or {}),
        }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # An action on several rows happens to all of them or to none.
        with transaction.atomic() if request.method == "POST" else nullcontext():
            context = self._frame(extra_context, title=self.title)
            response: HttpResponse = super().changelist_view(request, context)
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        context = self._frame(extra_context)
        response: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return response

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        response: HttpResponse = super().delete_view(request, object_id, self._frame(extra_context))
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        response: HttpResponse = super().history_view(
            request, object_id, self._frame(extra_context)
        )
        return response


class _ScopedInline(_Border):
    """Rows edited on the page of their parent, whose rights are theirs."""

    extra = 0

    def _may(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_enter(request)

    has_view_permission = has_change_permission = _may
    has_add_permission = has_delete_permission = _may


class ScopedStackedInline(_ScopedInline, StackedInline):
    pass


class ScopedTabularInline(_ScopedInline, TabularInline):
    pass
