"""Development tools: training, export, evaluation. Not part of the installed package."""
