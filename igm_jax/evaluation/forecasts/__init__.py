"""How good forecasts by draws are: scores, coverage, ranks, spread beside skill, reliability."""
