"""Metadata of interviews, and guides; nothing that was said, nothing about the candidate."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from sessions.models import Competency, Guide, Question, Session


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):
    list_display = ["title", "organization", "owner", "status", "created_at", "expires_at"]
    list_filter = ["status", "organization"]
    search_fields = ["title", "job"]
    fields = [
        "title", "organization", "owner", "job", "language", "status", "visibility",
        "planned_minutes", "created_at", "started_at", "ended_at", "expires_at", "legal_hold",
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [str(name) for name in self.fields if name != "legal_hold"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # Only what this page edits: the rest of the row may have moved on since it was read.
        obj.save(update_fields=["legal_hold"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class CompetencyInline(admin.TabularInline):
    model = Competency
    extra = 0
    show_change_link = True


@admin.register(Guide)
class GuideAdmin(admin.ModelAdmin):
    list_display = ["title", "organization"]
    inlines = [CompetencyInline]


class QuestionInline(admin.TabularInline):
    model = Question
    extra = 0


@admin.register(Competency)
class CompetencyAdmin(admin.ModelAdmin):
    list_display = ["name", "guide"]
    inlines = [QuestionInline]
