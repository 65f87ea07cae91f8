"""Writes: organizations and members."""

from django.db import transaction

from accounts.models import Membership, Organization, User
from accounts.roles import Role


@transaction.atomic
def create_organization(
    *, name: str, slug: str, country: str = "US", language: str = "en"
) -> Organization:
    return Organization.objects.create(name=name, slug=slug, country=country, language=language)


@transaction.atomic
def add_member(*, organization: Organization, user: User, role: Role) -> Membership:
    membership, _created = Membership.objects.update_or_create(
        organization=organization, user=user, defaults={"role": role, "is_active": True}
    )
    return membership
