"""What no sentence of a summary may say: verdicts as people put them, in each language."""

import pytest

from insights.analyzers.notes import announces, may_write

VERDICTS = [
    "We should move her to the next round.",
    "He is not senior enough for this role.",
    "A clear yes.",
    "Deserves the job.",
    "Ich würde sie einstellen.",
    "Wir sollten ihn unbedingt einladen.",
    "Eine klare Zusage.",
    "Sehr starke Kandidatin.",
    "Je l'embaucherais.",
    "Candidat à écarter.",
    "Il est stressé.",
    "Sa personnalité est agréable.",
    "Yo lo contrataría.",
    "Una candidata muy débil.",
    "Lo assumerei subito.",
    "Eu contrataria.",
    "Ik zou haar direct aannemen.",
    "Zatrudniłbym go.",
    "Я бы его нанял.",
    "Θα τον προσλάμβανα.",
]
FACTS = [
    "They hired three engineers for the platform.",
    "She recommended a caching layer to the team.",
    "The nodes were not strong enough for the load.",
    "Moved the reports to the next release.",
    "Er konnte das Logging nicht einstellen.",
    "Sie hat zwei Kollegen zum Review eingeladen.",
    "A empresa contrataria mais pessoas.",
    "Elle a réduit la latence de moitié.",
]
NEXT = [
    "Les prochaines étapes sont un entretien technique.",
    "Los próximos pasos son dos entrevistas.",
    "Nächste Woche melden wir uns.",
]


@pytest.mark.parametrize("text", VERDICTS)
def test_verdicts_are_not_written(text):
    assert not may_write(text)


@pytest.mark.parametrize("text", FACTS)
def test_facts_are(text):
    assert may_write(text)


@pytest.mark.parametrize("text", NEXT)
def test_what_comes_next_is_known_in_other_languages(text):
    assert announces(text)
