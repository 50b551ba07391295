"""Training, evaluation and writing of bundles; the only part beside the engine's worker that knows torch."""
