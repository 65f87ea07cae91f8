"""The page on which a recording is sent."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.queries import active_membership
from accounts.roles import Act, allows
from sessions import notices
from transcription.forms import VOICES, UploadForm
from transcription.soundcheck import sentence


@never_cache
@login_required
@require_safe
def upload(request: HttpRequest) -> HttpResponse:
    """Ask what the recording is and how the candidate agreed; a script does the sending."""
    membership = active_membership(request.user)
    if membership is None or not allows(membership.role, Act.CREATE_SESSION):
        raise Http404("not for you")
    organization = membership.organization
    languages = dict.fromkeys([organization.language, *organization.languages])
    context = {
        "form": UploadForm(organization=organization),
        "voices": VOICES,
        "notices": [
            (code, notices.notice_of(organization, language=code, recording=True))
            for code in languages
        ],
        "most_bytes": settings.INTERVIEW_UPLOAD_MAX_BYTES,
        "organization": organization,
    }
    return render(request, "transcription/upload.html", context)


@never_cache
@login_required
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Let somebody try microphone and recognition before an interview depends on them."""
    membership = active_membership(request.user)
    if membership is None or not allows(membership.role, Act.CREATE_SESSION):
        raise Http404("not for you")
    organization = membership.organization
    codes = [organization.language, *organization.languages]
    languages = [{"code": code, "sentence": sentence(code)} for code in dict.fromkeys(codes)]
    context = {"languages": languages, "organization": organization}
    return render(request, "transcription/check.html", context)
