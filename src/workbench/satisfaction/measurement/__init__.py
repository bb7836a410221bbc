"""How well a questionnaire measures: reliability, factors, validity."""
