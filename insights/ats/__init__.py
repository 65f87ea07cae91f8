"""Applicant tracking systems, one adapter each. No Django in here: values in, HTTP out."""

from insights.ats.registry import ADAPTERS, KINDS, missing_options

__all__ = ["ADAPTERS", "KINDS", "missing_options"]
