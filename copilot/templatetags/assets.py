"""What a page says of its own scripts."""

import functools
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from copilot.lib.assets import modules

register = template.Library()


@functools.cache
def _modules(*entries: str) -> tuple[str, ...]:
    return tuple(modules(Path(settings.STATICFILES_DIRS[0]), *entries))


@register.simple_tag
def modulepreload(*entries: str) -> SafeString:
    """Let the browser fetch at once what scripts import, instead of level by level."""
    found = _modules.__wrapped__(*entries) if settings.DEBUG else _modules(*entries)
    return format_html_join(
        "", '<link rel="modulepreload" href="{}">', ((static(m),) for m in found)
    )
