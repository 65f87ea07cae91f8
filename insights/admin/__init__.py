"""ATS connections, the question bank, what models took, and the operator's page of latencies."""

from insights.admin import connections, latency, learned, spending

__all__ = ["connections", "latency", "learned", "spending"]
