"""From what people type to what is compared: clean text, mended words, the language."""
