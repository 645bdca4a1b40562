"""Words that shift what follows them in the text: the headers that wrap other headers."""
