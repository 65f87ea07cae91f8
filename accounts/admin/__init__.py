"""People, organizations and the audit in Django admin; keys and hashes are never shown."""

from accounts.admin import organizations, people, trail, users

__all__ = ["organizations", "people", "trail", "users"]
