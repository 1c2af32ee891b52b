"""Telegram held against its simulator."""
