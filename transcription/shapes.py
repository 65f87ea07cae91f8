"""What REST answers about what was said, for the schema; `serializers.py` makes it."""

from typing import Any

from rest_framework import serializers
from rest_framework import serializers as s

from transcription.models import Gap, Role, Upload


class Word(serializers.Serializer[Any]):
    """A word: its text, from and to in milliseconds, how sure the engine is (0 to 1)."""

    t = serializers.CharField()
    s = serializers.IntegerField()
    e = serializers.IntegerField()
    c = serializers.FloatField()
    r = serializers.CharField(required=False, help_text="As it was heard, where it is shown else.")
    i = serializers.IntegerField(
        required=False, help_text="With `words=doubtful`: where in the text, in UTF-16 units."
    )


class Segment(s.Serializer[Any]):
    """A line of the transcript; times are milliseconds on the interview's clock."""

    id = s.UUIDField()
    role = s.ChoiceField(choices=Role.values)
    speaker = s.CharField()
    start_ms = s.IntegerField()
    end_ms = s.IntegerField()
    text = s.CharField(allow_blank=True, help_text="Redacted.")
    words = Word(many=True)
    confidence = s.FloatField()
    engine = s.CharField(allow_blank=True)
    kinds = s.DictField(child=s.IntegerField(), help_text="What was redacted: counts by kind.")
    hidden = s.BooleanField(help_text="The echo of another line.")
    erased = s.BooleanField()
    corrected_at = s.DateTimeField(allow_null=True)
    revision = s.IntegerField()
    at = s.DateTimeField()


class Recognized(s.Serializer[Any]):
    """A line as it was recognized, before a person corrected it."""

    text = s.CharField(allow_blank=True)
    role = s.ChoiceField(choices=Role.values)


class GapShape(s.Serializer[Any]):
    """Sound that is missing."""

    id = s.UUIDField()
    role = s.ChoiceField(choices=Role.values)
    start_ms = s.IntegerField()
    end_ms = s.IntegerField()
    reason = s.ChoiceField(choices=Gap.Reason.values)
    revision = s.IntegerField()


class Recording(s.Serializer[Any]):
    """A recording that an interview is made of."""

    id = s.UUIDField()
    session = s.UUIDField()
    state = s.ChoiceField(choices=Upload.State.values)
    size = s.IntegerField(help_text="Bytes in all.")
    received = s.IntegerField(help_text="Bytes that arrived: the offset of the next part.")
    duration_ms = s.IntegerField(allow_null=True)
    done_ms = s.IntegerField()
    error = s.CharField(allow_blank=True)
    revision = s.IntegerField()


class StreamShape(s.Serializer[Any]):
    """How far one channel's sound is kept, in samples."""

    role = s.ChoiceField(choices=Role.values)
    durable = s.IntegerField()
    lost = s.IntegerField()


class HeardWord(s.Serializer[Any]):
    t = s.CharField()
    c = s.FloatField()


class SentenceWord(s.Serializer[Any]):
    t = s.CharField()
    heard = s.BooleanField()


class SoundChecked(s.Serializer[Any]):
    """What was understood of a test sentence."""

    text = s.CharField(allow_blank=True)
    words = HeardWord(many=True)
    sentence = SentenceWord(many=True)
    matched = s.FloatField(allow_null=True, help_text="The share of the sentence that was heard.")
    engine = s.CharField()
    reason = s.CharField(allow_blank=True)
    took_ms = s.IntegerField()
