"""How long the stages of help take: counted in memory here, kept by whoever drains it."""

from enum import StrEnum


class Stage(StrEnum):
    RECOGNITION = "recognition"  # the last sound of an utterance arrived -> it is stored
    FIRST_CARD = "first_card"  # a line is stored -> the first card about it is stored
    ANALYSIS = "analysis"  # the newest line of a run is stored -> the run is complete
    DELIVERY = "delivery"  # an event is published -> it is given to a viewer's socket
    TOTAL = "total"  # words end -> the first card about them is given to a viewer's socket


def observe(stage: Stage, seconds: float) -> None:
    """Count one measurement; cheap, from any thread."""
