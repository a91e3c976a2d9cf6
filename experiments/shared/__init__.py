"""What several commands share: budgets, groups of runs, settings, scenes, pages."""
