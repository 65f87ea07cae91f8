"""ATS connections and removals, templates, the question bank, spending, the operator's page."""

from insights.admin import connections, latency, learned, removals, spending, templates, webhooks

__all__ = ["connections", "latency", "learned", "removals", "spending", "templates", "webhooks"]
