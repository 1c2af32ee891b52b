"""Tests of faq.authoring."""
