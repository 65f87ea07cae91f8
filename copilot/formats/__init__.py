"""Formats of dates by language (FORMAT_MODULE_PATH)."""
