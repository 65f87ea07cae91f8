"""Dates as the whole product writes them: the day before the month's name, 24 hours."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
