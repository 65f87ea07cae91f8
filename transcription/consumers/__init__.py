"""Audio up: one consumer per protocol, and what they share (`base`)."""

from transcription.consumers.audio import AudioConsumer
from transcription.consumers.base import _leaving
from transcription.consumers.vosk import VoskConsumer

__all__ = ["AudioConsumer", "VoskConsumer", "_leaving"]
