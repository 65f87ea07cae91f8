"""Templates of summaries: whose they are, and what to choose of them."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import memberships_of
from accounts.roles import Act, allows
from copilot.lib.errors import DomainError
from insights.models import SummaryTemplate
from sessions.models import Session


def visible_to(user: User | AnonymousUser) -> QuerySet[SummaryTemplate]:
    """Return the templates of the organizations where somebody may prepare interviews."""
    if isinstance(user, User) and user.api_token is not None and user.api_token.bound_to:
        return SummaryTemplate.objects.none()  # a device that joined an interview
    where = [m.organization_id for m in memberships_of(user) if allows(m.role, Act.CREATE_SESSION)]
    return SummaryTemplate.objects.filter(organization__in=where)


def of(session: Session, template_id: UUID | None) -> SummaryTemplate | None:
    """Return a template of an interview's organization; raise DomainError where it has none such.

    None is the program's own order.
    """
    if template_id is None:
        return None
    own = SummaryTemplate.objects.filter(organization=session.organization_id)
    found = own.filter(pk=template_id).first()
    if found is None:
        detail = _("Your organization has no such template.")
        raise DomainError("bad_template", detail, status=400)
    return found
