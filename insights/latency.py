"""Keeps the counted latencies of all processes, and reads them back as figures."""

BOUNDS_MS: tuple[float, ...] = ()
