"""What decides over models and their data: registry, rollout gates, relabelling, dataset versions, retraining, evidence."""
