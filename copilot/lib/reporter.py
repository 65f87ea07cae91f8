"""What an error page or report of Django may show of a program that stopped: no values at all.

Local variables hold keys and words, forms hold names and passwords. Django cleans some of them by
their names, and none where DEBUG is on; this filter leaves names and types of all of them, always.
"""

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest, QueryDict
from django.views.debug import SafeExceptionReporterFilter


class NoValues(SafeExceptionReporterFilter):
    # Addresses of services hold passwords.
    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|URL|DSN|LOCATION|HOSTS|QUERY_STRING",
        flags=re.IGNORECASE,
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> QueryDict | dict[str, str]:
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return {name: _Kind(value) for name, value in tb_frame.f_locals.items()}.items()

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        # Of what is no plain value a page would print whatever its repr says.
        plain = (str, int, float, bool, bytes, list, tuple, dict, type(None))
        return cleansed if isinstance(cleansed, plain) else _Kind(cleansed)


class _Kind:
    """Stands for a value on a page, where it is printed."""

    def __init__(self, value: Any) -> None:
        self._name = type(value).__name__

    def __repr__(self) -> str:
        return f"<{self._name}>"
