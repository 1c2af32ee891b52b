"""What users of bots report, tried on firstline; the list is docs/failures.md."""
