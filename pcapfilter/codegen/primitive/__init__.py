"""The words of the language, one file per family."""
