"""Measures a model by published problems and tasks: what it is asked, what feedback it gets, how it is scored."""
