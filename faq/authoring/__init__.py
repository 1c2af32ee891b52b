"""What the people who write the FAQ work with: lint, tests, measures, explanations, gaps, what real messages teach."""
