"""Leases, and what processes tell each other, on a real PostgreSQL and with real processes."""
