"""The bundled data set `sample`; see README.md beside this file."""
