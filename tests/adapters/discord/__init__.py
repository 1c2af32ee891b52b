"""Discord held against its simulator."""
