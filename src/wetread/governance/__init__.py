"""What decides over models and their data: relabelling, dataset versions, retraining, evidence."""
