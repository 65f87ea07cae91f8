from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import receivers  # models must be loaded first

        receivers.connect()


class AdministrationConfig(admin_apps.AdminConfig):
    default = False  # of this package; the settings name it
    default_site = "accounts.administration.AdministrationSite"
