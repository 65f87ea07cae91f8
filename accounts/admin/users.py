"""Accounts of the whole installation, for superusers."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import audit, services
from accounts.administration import Scoped, prove, sees_everything
from accounts.kinds import Event
from accounts.models import User
from accounts.signals import announce


class NewPasswordForm(AdminPasswordChangeForm):
    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        audit.record_for_user(Event.PASSWORD_CHANGED, user, details={"reset": True})
        announce([user.pk])
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin, Scoped):
    """Accounts of the installation, for superusers; organizations look after their members."""

    organization_path = None
    acts = frozenset({"view", "add", "change"})
    group, icon, title = "installation", "account_circle", _("Users")
    summary = _("Accounts of all organizations, and superusers")
    form, add_form = UserChangeForm, UserCreationForm
    change_password_form = NewPasswordForm
    ordering = ["email"]
    list_display = ["email", "name", "is_active", "is_superuser", "last_login"]
    search_fields = ["email", "name"]
    list_filter = ["is_active", "is_superuser"]
    filter_horizontal = []
    fieldsets = [
        (_("Person"), {"fields": ["email", "name", "password"]}),
        (_("Rights"), {"fields": ["is_active", "is_superuser"]}),
        (_("Times"), {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]
    add_fieldsets = [(None, {"fields": ["email", "name", "password1", "password2"]})]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        prove(request, keep=False)
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            services.end_sign_ins(obj)
        fields = sorted(set(form.changed_data) - {"password1", "password2"})
        audit.record(
            Event.SETTINGS_CHANGED, organization_id=None, obj=obj, details={"fields": fields}
        )
        announce([obj.pk])

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,
        form_url: str = "",
    ) -> HttpResponse:
        if not sees_everything(request):
            raise Http404
        prove(request, keep=False)
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response
