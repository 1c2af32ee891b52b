"""Tests of the Reddit adapter."""
