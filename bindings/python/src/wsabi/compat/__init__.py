"""The names of other libraries, over wsabi."""
