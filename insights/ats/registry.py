"""Which systems there are, and what a connection to each of them needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from insights.ats.ashby import Ashby
from insights.ats.base import Adapter
from insights.ats.generic import Generic
from insights.ats.greenhouse import VISIBILITIES, Greenhouse
from insights.ats.lever import Lever
from insights.ats.teamtailor import Teamtailor
from insights.ats.workable import ROLES, Workable


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a connection. `choices` is empty for any text."""

    name: str
    label: str
    help: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A system. `base_url` is empty where every account has its own; `docs` is the public page."""

    adapter: type[Adapter]
    base_url: str
    address_help: str
    credential_label: str
    credential_help: str
    options: tuple[Option, ...] = ()
    docs: str = ""


FORM_HELP = "Offers the scorecard. The form needs a text field; nothing else may be required."

KINDS: dict[str, Kind] = {
    "greenhouse": Kind(
        Greenhouse,
        "https://harvest.greenhouse.io",
        "The same for everybody.",
        "Client ID and secret, as id:secret",
        "Configure > Dev Center > API Credentials: Harvest V3 (OAuth). Scopes: candidates, "
        "applications and users (list), notes (list, create), attachments (list, create, destroy).",
        (
            Option(
                "user_id",
                "User ID",
                "Whose name stands on notes; the number in the address of the user's page.",
                required=True,
            ),
            Option("visibility", "Who sees it", "Everybody if empty.", choices=VISIBILITIES),
        ),
        "https://harvestdocs.greenhouse.io/docs/authentication",
    ),
    "lever": Kind(
        Lever,
        "https://api.lever.co",
        "https://api.eu.lever.co for accounts in the EU.",
        "API key",
        "Settings > Integrations and API > API Credentials, with read and write of opportunities, "
        "notes, files and feedback, and read of users and feedback templates.",
        (
            Option("perform_as", "User ID", "In whose name it is written.", required=True),
            Option("form_id", "Feedback form", FORM_HELP),
        ),
        "https://hire.lever.co/developer/documentation",
    ),
    "ashby": Kind(
        Ashby,
        "https://api.ashbyhq.com",
        "The same for everybody.",
        "API key",
        "Admin > Integrations > API Keys, with candidatesRead and candidatesWrite, and "
        "hiringProcessMetadataRead for a feedback form.",
        (
            Option("form_id", "Feedback form", FORM_HELP),
            Option("user_id", "User ID", "Whose feedback it is; the key's if empty."),
        ),
        "https://developers.ashbyhq.com/reference/introduction",
    ),
    "workable": Kind(
        Workable,
        "",
        "https://, your subdomain, and .workable.com.",
        "API access token",
        "Settings > Integrations > Apps > API access tokens, with the scopes r_candidates, "
        "w_candidates and r_jobs.",
        (
            Option("member_id", "Member ID", "In whose name it is written.", required=True),
            Option(
                "policy",
                "Who sees comments",
                f"Roles with spaces between, of: {' '.join(ROLES)}. Admins always do.",
            ),
        ),
        "https://workable.readme.io/reference/generate-an-access-token",
    ),
    "teamtailor": Kind(
        Teamtailor,
        "https://api.teamtailor.com",
        "https://api.na.teamtailor.com for accounts in North America.",
        "API key",
        "Settings > Integrations > API keys, with the scope Admin, read and write.",
        (Option("user_id", "User ID", "Whose name stands on notes.", required=True),),
        "https://docs.teamtailor.com/",
    ),
    "generic": Kind(
        Generic,
        "",
        "Where the paths of the mapping begin.",
        "Key or token",
        "Sent in a header with every request; for Basic it is user:password.",
        (
            Option("auth_header", "Header of the key", "Authorization if empty."),
            Option("auth_scheme", "Word before the key", "Bearer if empty; Basic encodes it."),
        ),
    ),
}
ADAPTERS: dict[str, type[Adapter]] = {name: kind.adapter for name, kind in KINDS.items()}


def missing_options(kind: str, options: Mapping[str, Any]) -> list[str]:
    """Return the names of settings that a connection of this kind lacks."""
    return [
        option.name
        for option in KINDS[kind].options
        if option.required and not str(options.get(option.name) or "").strip()
    ]
