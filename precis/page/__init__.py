"""Extensions of Python-Markdown that put cells into pages."""
