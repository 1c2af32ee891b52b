"""X held against its simulator."""
