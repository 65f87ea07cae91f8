"""What REST answers about accounts, for the schema; `api.py` makes it."""

from typing import Any

from rest_framework import serializers as s

from accounts.roles import Role, Scope


class TokenShape(s.Serializer[Any]):
    """An API token, without its secret."""

    id = s.UUIDField()
    name = s.CharField()
    begins_with = s.CharField()
    organization = s.UUIDField()
    scopes = s.ListField(child=s.ChoiceField(choices=[scope.value for scope in Scope]))
    created_at = s.DateTimeField()
    expires_at = s.DateTimeField()
    last_used_at = s.DateTimeField(allow_null=True)
    revoked_at = s.DateTimeField(allow_null=True)


class NewToken(TokenShape):
    secret = s.CharField(help_text="Told once.")


class MyOrganization(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()
    slug = s.CharField()
    role = s.ChoiceField(choices=[role.value for role in Role])


class Waiting(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class Me(s.Serializer[Any]):
    """Who you are, where you belong, and by what you came."""

    id = s.IntegerField()
    email = s.EmailField()
    name = s.CharField()
    organizations = MyOrganization(many=True)
    second_factor_required_by = Waiting(
        many=True, help_text="Organizations that you see once you have added a second factor."
    )
    token = TokenShape(allow_null=True, help_text="null: you are signed in.")
