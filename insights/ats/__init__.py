"""Applicant tracking systems, one adapter each. No Django in here: values in, HTTP out."""
