"""What looks into a filter: explain, trace, graph, lint, prove."""
