"""What each code of an AtsError says to people: what is wrong, and what they can do about it.

Plain sentences: who shows them translates them.
"""

LATER = "It is tried again by itself."
TELL = "Try again; if that does not help, tell your administrator."

ERRORS: dict[str, tuple[str, str]] = {
    "bad_credential": (
        "The system does not accept the key.",
        "Ask an admin to enter a valid key in the connection, then send again.",
    ),
    "no_permission": (
        "The key may not do this.",
        "Ask an admin to give the key the permissions that the documentation names.",
    ),
    "candidate_unknown": (
        "The system knows no such candidate.",
        "Search for the candidate again: the record may have been merged or deleted.",
    ),
    "application_unknown": (
        "It is not clear to which application this belongs.",
        "Choose the candidate together with an application, then send again.",
    ),
    "user_unknown": (
        "The system knows no such user.",
        "Ask an admin to correct the user's id in the connection.",
    ),
    "form_unknown": (
        "The system knows no such feedback form.",
        "Ask an admin to correct the form's id in the connection.",
    ),
    "form_unfit": (
        "The feedback form requires an answer that there is none for.",
        "Choose a form with a text field, in which nothing else is required but the overall score.",
    ),
    "option_missing": (
        "A setting of the connection is missing or wrong.",
        "Ask an admin to complete the connection.",
    ),
    "recommendation_missing": (
        "The system takes ratings only with an overall recommendation.",
        "Give a recommendation in your scorecard, or send without the scorecard.",
    ),
    "field_missing": (
        "The mapping takes something that this interview does not have.",
        "Ask an admin to mark the field as optional in the mapping.",
    ),
    "bad_mapping": (
        "The mapping of the connection cannot be used.",
        "Ask an admin to correct it; the dry run shows what is wrong.",
    ),
    "refused": (
        "The system refused what was sent.",
        "Look whether the candidate can still be edited there; else tell your administrator.",
    ),
    "too_large": (
        "The file is too large for the system.",
        "Send without the attachment.",
    ),
    "not_found": (
        "The system does not have what was asked for.",
        "Ask an admin to check the address of the connection.",
    ),
    "rate_limited": ("The system asks to wait: too much was sent at once.", LATER),
    "unavailable": ("The system has a problem at the moment.", LATER),
    "bad_answer": ("The system answered something that could not be understood.", LATER),
    "odd_answer": ("The system answered something that could not be understood.", LATER),
    "too_slow": ("The system did not answer in time.", LATER),
    "connection_broke": ("The connection broke off.", LATER),
    "cannot_connect": (
        "The system cannot be reached.",
        "It is tried again by itself. If it stays so, ask an admin to check the address.",
    ),
    "no_such_host": (
        "There is no system at this address.",
        "Ask an admin to check the address of the connection.",
    ),
    "bad_certificate": (
        "The system cannot prove who it is: its certificate is not valid.",
        "Ask an admin to check the address; nothing was sent.",
    ),
    "bad_address": (
        "The address of the connection is wrong or leads elsewhere.",
        "Ask an admin to correct it.",
    ),
    "bad_header": (
        "The key or a header of the connection holds characters that cannot be sent.",
        "Ask an admin to enter it again.",
    ),
    "password_in_address": (
        "The address of the connection holds a password.",
        "Ask an admin to enter it as the key instead.",
    ),
    "not_https": (
        "The address of the connection is not encrypted.",
        "Ask an admin to use an address that begins with https://.",
    ),
    "private_address": (
        "The address of the connection leads into a private network.",
        "If that is meant, the operator has to allow it (INTERVIEW_OUTGOING_ALLOW).",
    ),
    "search_by_email": (
        "This system cannot be searched by name.",
        "Search by e-mail address or id, or paste the address of the candidate's page.",
    ),
    "not_offered": ("The system's interface does not offer this.", "Send without it."),
    "by_hand": (
        "The system's interface cannot remove this.",
        "Remove it there by hand.",
    ),
}
