"""Nobody looks over the border of an organization: every address, search, filter, act and id."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.contrib.admin.models import LogEntry
from django.test import Client, RequestFactory

from accounts.administration import Scoped
from accounts.models import Invitation, Membership, Organization, User
from accounts.services import deactivate
from insights.models import AtsConnection
from sessions.models import Guide, Question, Session
from tests.admin_world import (
    CANDIDATE,
    FOREIGN,
    addresses,
    fill,
    make_world,
    signed_in,
    takes_object,
    without_object,
)
from tests.factories import make_session

ROUTES = addresses()
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
IDS = [route for route, _model in ROUTES]
NAMES = [model._meta.label for model in MODELS]


@pytest.fixture
def here(db):
    return make_world("here")


@pytest.fixture
def there(db):
    return make_world(FOREIGN)


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root@example.org", "x")


def row(obj):
    return type(obj)._base_manager.filter(pk=obj.pk).values().get()


def page(answer):
    return answer.content.decode().lower()


def changelist(model):
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def test_every_model_of_the_site_is_scoped_and_has_objects_here(here):
    assert {
        type(a).__name__ for a in admin.site._registry.values() if not isinstance(a, Scoped)
    } == set()
    assert set(admin.site._registry) == set(here.objects)


@pytest.mark.parametrize(("route", "model"), ROUTES, ids=IDS)
def test_nothing_of_another_organization_is_seen(here, there, route, model):
    client = signed_in(here.admin)
    for method in (client.get, client.post):
        answer = method(fill(route, model, there))
        assert FOREIGN not in page(answer)
        if takes_object(route):
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("route", "model"), [address for address in ROUTES if takes_object(address[0])]
)
def test_foreign_and_missing_look_the_same(here, there, route, model):
    client = signed_in(here.admin)
    foreign, missing = fill(route, model, there), without_object(route)
    answers = [client.get(address) for address in (foreign, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert [t.name for t in answers[0].templates] == [t.name for t in answers[1].templates]


@pytest.mark.parametrize(("route", "model"), ROUTES, ids=IDS)
def test_only_admins_come_in(here, route, model):
    former = signed_in(here.admin)
    address = fill(route, model, here)
    for user in (here.interviewer, here.viewer):
        client = signed_in(user)
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404
    anonymous = Client().get(address)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/?next=/admin/")
    # A membership that ends takes the open sign-in with it.
    make_admin = Membership.objects.get(user=here.interviewer)
    make_admin.role = "admin"
    make_admin.save()
    deactivate(membership=Membership.objects.get(user=here.admin))
    assert former.get(address).status_code in {302, 404}
    assert "here interview" not in page(former.get(address))


@pytest.mark.parametrize(("route", "model"), ROUTES, ids=IDS)
def test_no_page_holds_the_candidate_or_a_secret(here, root, route, model):
    secrets = [
        CANDIDATE.lower(),
        "here-credential",
        here.objects[Invitation].token_hash,
        here.interviewer.password.lower(),
    ]
    for user in (here.admin, root):
        text = page(signed_in(user).get(fill(route, model, here), follow=True))
        assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_an_admin_finds_own_things_and_a_superuser_all(here, there, root, model):
    own, all_of_them = signed_in(here.admin), signed_in(root)
    mine, other = here.objects[model], there.objects[model]
    both = page(all_of_them.get(changelist(model)))
    assert f"/{mine.pk}/" in both
    assert f"/{other.pk}/" in both
    if model is User:  # an account belongs to no organization
        assert own.get(changelist(model)).status_code == 404
        return
    answer = own.get(changelist(model), follow=True)
    assert f"/{mine.pk}/" in page(answer)
    assert f"/{other.pk}/" not in page(answer)


@pytest.mark.parametrize("model", [m for m in MODELS if m is not User], ids=lambda m: m.__name__)
def test_a_superuser_needs_the_second_factor_an_organization_requires(here, there, root, model):
    here.organization.require_second_factor = True
    here.organization.save()
    client = signed_in(root)
    mine, other = here.objects[model], there.objects[model]
    change = f"{changelist(model)}{mine.pk}/change/"
    assert f"/{mine.pk}/" not in page(client.get(changelist(model)))
    assert f"/{other.pk}/" in page(client.get(changelist(model)))
    assert client.get(change).status_code == 404
    Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={})
    assert f"/{mine.pk}/" in page(client.get(changelist(model)))
    assert client.get(change, follow=True).status_code == 200


@pytest.mark.parametrize("model", [m for m in MODELS if m is not User], ids=lambda m: m.__name__)
def test_search_and_filters_keep_to_the_organization(here, there, model):
    client = signed_in(here.admin)
    foreign = there.objects[model].pk
    queries = [
        "q=anzib",
        f"q={foreign}",
        f"organization__id__exact={there.organization.pk}",
        f"owner__id__exact={there.interviewer.pk}",
        f"pk={foreign}",
    ]
    for query in queries:
        answer = client.get(f"{changelist(model)}?{query}")
        assert answer.status_code in {200, 302, 400}
        assert FOREIGN not in page(answer)


@pytest.mark.parametrize("model", [m for m in MODELS if m not in {User, Organization}])
def test_columns_cannot_be_guessed_through_filters(here, model):
    client = signed_in(here.admin)
    guesses = [
        "token_hash__startswith=a",
        "user__password__startswith=m",
        "owner__password__startswith=m",
        "owner__memberships__organization__name__startswith=z",
        "organization__wrapped_key__gt=0",
        "digest__gt=0",
    ]
    for guess in guesses:
        assert client.get(f"{changelist(model)}?{guess}").status_code == 400


def test_filters_that_are_shown_still_filter(here):
    client = signed_in(here.admin)
    make_session(here.admin, here.organization)  # one owner alone is no filter
    for owner, found in ((here.interviewer, True), (here.admin, False)):
        answer = client.get(f"{changelist(Session)}?owner__id__exact={owner.pk}")
        assert (f"/{here.objects[Session].pk}/change/" in page(answer)) is found


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_no_filter_offers_foreign_rows(model):
    filters = admin.site._registry[model].list_filter
    for spec in filters:
        if isinstance(spec, tuple):
            assert issubclass(spec[1], RelatedOnlyFieldListFilter)
        else:
            field = model._meta.get_field(spec)
            assert not field.is_relation


def test_nothing_is_completed_from_another_organization(here, there):
    client = signed_in(here.admin)
    for model in MODELS:
        for field in model._meta.fields:
            if field.is_relation:
                place = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}"
                answer = client.get(
                    f"/admin/autocomplete/?{place}&field_name={field.name}&term=anzib"
                )
                assert answer.status_code in {200, 404}
                assert FOREIGN not in page(answer)


def acts():
    """Return every action of every list, by model."""
    return [
        (model, getattr(action, "__name__", action))
        for model in MODELS
        for action in ("delete_selected", *(admin.site._registry[model].actions or []))
    ]


@pytest.mark.parametrize(
    ("model", "action"), acts(), ids=lambda part: getattr(part, "__name__", part)
)
def test_no_action_reaches_over_the_border(here, there, model, action):
    client = signed_in(here.admin)
    before = row(there.objects[model])
    logged = LogEntry.objects.count()
    for across in ("0", "1"):
        answer = client.post(
            changelist(model),
            {
                "action": action,
                "_selected_action": [there.objects[model].pk],
                "select_across": across,
                "post": "yes",
            },
            follow=True,
        )
        assert FOREIGN not in page(answer)
        assert row(there.objects[model]) == before
    assert not LogEntry.objects.filter(object_id=str(there.objects[model].pk)).exists()
    assert LogEntry.objects.count() >= logged


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_foreign_rows_are_neither_changed_nor_deleted(here, there, model):
    client = signed_in(here.admin)
    other = there.objects[model]
    before = row(other)
    for verb, data in (
        ("change", {"role": "admin", "legal_hold": "on"}),
        ("delete", {"post": "yes"}),
    ):
        assert client.post(f"{changelist(model)}{other.pk}/{verb}/", data).status_code == 404
    assert row(other) == before


def test_what_is_added_lands_in_the_own_organization(here, there):
    client = signed_in(here.admin)
    forged = {"organization": there.organization.pk}
    client.post(
        "/admin/accounts/invitation/add/", {**forged, "email": "a@b.example", "role": "viewer"}
    )
    assert Invitation.objects.get(email="a@b.example").organization == here.organization
    ats = {"name": "Mine", "kind": "lever", "base_url": "https://lever.example", "secret": "s"}
    ats["lever_perform_as"] = "user-1"
    client.post("/admin/insights/atsconnection/add/", {**forged, **ats})
    assert AtsConnection.objects.get(name="Mine").organization == here.organization
    client.post(
        "/admin/interviews/guide/add/", {**forged, "title": "Mine", **formset("competencies")}
    )
    assert Guide.objects.get(title="Mine").organization == here.organization


def test_who_manages_several_chooses_among_those_only(here, there):
    third = make_world("third")
    Membership.objects.create(organization=third.organization, user=here.admin, role="admin")
    client = signed_in(here.admin)
    form = page(client.get("/admin/accounts/invitation/add/"))
    assert str(third.organization.pk) in form
    assert str(there.organization.pk) not in form
    data = {"email": "a@b.example", "role": "viewer", "organization": there.organization.pk}
    assert "select a valid choice" in page(client.post("/admin/accounts/invitation/add/", data))
    assert not Invitation.objects.filter(email="a@b.example").exists()
    client.post("/admin/accounts/invitation/add/", {**data, "organization": third.organization.pk})
    assert Invitation.objects.get(email="a@b.example").organization == third.organization


def formset(prefix, **rows):
    count = {
        "TOTAL_FORMS": 0,
        "INITIAL_FORMS": 0,
        "MIN_NUM_FORMS": 0,
        "MAX_NUM_FORMS": 1000,
        **rows,
    }
    return {f"{prefix}-{name}": value for name, value in count.items()}


def test_a_forged_competency_or_question_is_refused(here, there):
    client = signed_in(here.admin)
    mine, other = here.objects[Guide], there.objects[Guide]
    stolen = other.competencies.get()
    question = stolen.questions.get()
    competency = mine.competencies.get()
    for target, asked in ((stolen, stolen.questions.get()), (competency, question)):
        data = {
            "title": "Mine",
            **formset("competencies", TOTAL_FORMS=1, INITIAL_FORMS=1),
            "competencies-0-id": target.pk,
            "competencies-0-guide": mine.pk,
            "competencies-0-name": "stolen",
            "competencies-0-position": 0,
            **formset("competencies-0-questions", TOTAL_FORMS=1, INITIAL_FORMS=1),
            "competencies-0-questions-0-id": asked.pk,
            "competencies-0-questions-0-competency": target.pk,
            "competencies-0-questions-0-text": "stolen",
            "competencies-0-questions-0-minutes": 1,
            "competencies-0-questions-0-position": 0,
        }
        answer = client.post(f"/admin/interviews/guide/{mine.pk}/change/", data, follow=True)
        assert FOREIGN not in page(answer)
    stolen.refresh_from_db()
    question.refresh_from_db()
    assert (stolen.name, question.text) == (f"{FOREIGN} competency", f"{FOREIGN} question")
    assert not Question.objects.filter(text="stolen").exists()


def test_sealed_columns_are_not_even_loaded(here):
    request = RequestFactory().get("/admin/")
    request.user = here.admin
    session = admin.site._registry[Session].get_queryset(request).get()
    assert {"candidate_name", "profile", "wrapped_key"} <= session.get_deferred_fields()


def test_what_the_product_has_pages_for_is_not_in_the_admin(here):
    client = signed_in(here.admin)
    for place in ("login/", "logout/", "password_change/", "search/?s=a", "r/1/1/"):
        assert client.get(f"/admin/{place}").status_code == 404


def test_models_of_other_packages_are_not_registered():
    labels = {model._meta.app_label for model in admin.site._registry}
    assert labels == {"accounts", "interviews", "insights"}


def test_the_policy_allows_nothing_inline(here):
    policy = signed_in(here.admin).get("/admin/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert [word for word in ("unsafe", "nonce", "sha256", "*", "http") if word in policy] == []
