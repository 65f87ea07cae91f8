"""The labels themselves: a label that cannot be met would lower a figure for no reason."""

import pytest

from insights.analyzers.base import CANDIDATE, INTERVIEWER
from insights.analyzers.skills import gazetteer
from tests.evaluation.material import SPLITS, duplicates, interviews, questions
from tests.evaluation.scoring import spoken

KINDS = {"experience", "since", "change", "measure", "size", "use", "employer", "credential"}
TONES = {"positive", "neutral", "negative", "stressed"}
INDICATORS = {
    *("fillers", "hedges", "defensive", "confident", "enthusiastic", "clear"),
    *("stressed", "negative", "reports stress"),
}
ALL = [interview for split in SPLITS for interview in interviews(split)]


@pytest.mark.parametrize("interview", ALL, ids=lambda interview: interview.name)
class TestInterview:
    def test_its_lines_follow_one_another(self, interview):
        assert 25 <= len(interview.lines) <= 60
        ends = 0.0
        for line in interview.lines:
            assert ends < line.start < line.end
            ends = line.end

    def test_claims_quote_their_line(self, interview):
        for row in interview.labelled:
            for claim in row.claims:
                assert claim["kind"] in KINDS
                assert spoken(claim["quote"], row.line.text), claim["quote"]
                assert claim.get("verdict", "") in ("", "supported", "conflicts")
                assert claim.get("against", "") in ("", "profile", "answer", "technology")

    def test_skills_tones_and_indicators_have_known_names(self, interview):
        known = {skill.name for skill in gazetteer()}
        for row in interview.labelled:
            assert known >= row.skills | row.denied | row.borderline
            assert row.tone in TONES
            assert row.indicators <= INDICATORS

    def test_labels_stand_at_the_right_speaker(self, interview):
        for row in interview.labelled:
            if row.unlawful:
                assert row.line.role == INTERVIEWER
            elif row.skills or row.claims or row.own_question or row.red_flag:
                assert row.line.role == CANDIDATE


def test_there_are_enough_of_each():
    assert len(ALL) >= 14
    assert {interview.split for interview in ALL} == set(SPLITS)
    assert sum(interview.injects for interview in ALL) >= 2
    assert len(questions()["unlawful"]) >= 120
    assert len(questions()["lawful"]) >= 150
    assert len(questions()["asked"]) >= 80
    assert len(duplicates()) >= 120
