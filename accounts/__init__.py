"""Who: users, organizations, memberships and roles.

May import: copilot.lib. Read first: roles.py, then models.py.
"""
