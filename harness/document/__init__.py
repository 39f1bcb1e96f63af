"""What a study says, in no format yet: sections of tables, paragraphs and pictures, in every language."""
