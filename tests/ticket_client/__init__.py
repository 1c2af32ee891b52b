"""One contract for every desk."""
