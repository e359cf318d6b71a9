"""Pictures of results (extra `evaluate`)."""
