#!/usr/bin/env python
"""Run Django's and the project's own commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "copilot.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(f"{error}: run `make install`, then use .venv/bin/python manage.py")
    from django.core.exceptions import ImproperlyConfigured

    from accounts.origin import Origin, acting

    try:
        with acting(Origin(via="command")):
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
