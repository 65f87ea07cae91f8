"""Who: users, organizations, memberships, sign-in, API tokens and the audit.

May import: copilot.lib. Read first: roles.py, then models.py, queries.py and identity.py.
"""
