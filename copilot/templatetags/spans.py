"""Lengths of time in words, for templates."""

from django import template

from copilot.lib.spans import hours_in_words

register = template.Library()
register.filter(hours_in_words)
