"""Tests of faq.text."""
