"""Documents: a study as sections of tables, paragraphs and pictures, in no format yet and in every language."""
