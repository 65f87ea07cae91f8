"""What recorders may say, how fast, and how a wrong word is answered.

`audio` is `copilot.audio.v1`, `vosk` is what vosk-server speaks; `limits` hold for both.
"""

from transcription.protocol.audio import (
    MAX_OFFSET,
    SUBPROTOCOL,
    Ping,
    Speaker,
    Start,
    Stop,
    parse,
)
from transcription.protocol.limits import (
    CLOSE_CODES,
    MAX_MISTAKES,
    CheckedInput,
    MessageLimit,
    RateLimit,
    check_frame,
)

__all__ = [
    "CLOSE_CODES",
    "MAX_MISTAKES",
    "MAX_OFFSET",
    "SUBPROTOCOL",
    "CheckedInput",
    "MessageLimit",
    "Ping",
    "RateLimit",
    "Speaker",
    "Start",
    "Stop",
    "check_frame",
    "parse",
]
