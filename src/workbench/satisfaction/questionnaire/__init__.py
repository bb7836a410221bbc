"""The answers of a survey, read and held against its card; the pilot."""
