import pytest

from insights.kinds import LOOKS, Kind, Priority


def test_every_kind_has_a_look():
    assert set(LOOKS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "icon", "colour", "title", "priority", "tab"),
    [
        ("question", "question", "blue", "Suggested Question", Priority.MEDIUM, "questions"),
        ("fact_check", "triangle", "yellow", "Verify Claim", Priority.HIGH, "fact_check"),
        ("sentiment", "heart", "orange", "Candidate Stress Detected", Priority.HIGH, "sentiment"),
        ("highlight", "star", "green", "Key Moment", Priority.LOW, "insights"),
        ("warning", "alert", "red", "Red Flag", Priority.HIGH, "insights"),
        ("insight", "bulb", "indigo", "Insight", Priority.MEDIUM, "insights"),
        ("tip", "tip", "grey", "Tip", Priority.LOW, "insights"),
    ],
)
def test_a_kind_looks_as_the_product_says(kind, icon, colour, title, priority, tab):
    look = LOOKS[Kind(kind)]
    assert (look.icon, look.colour, look.title, look.tab) == (icon, colour, title, tab)
    assert look.priority is priority


def test_priorities_can_be_sorted():
    assert Priority.HIGH > Priority.MEDIUM > Priority.LOW
