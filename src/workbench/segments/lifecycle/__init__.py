"""Where customers stand, how they move, and what each cohort does."""
