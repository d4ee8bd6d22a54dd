"""Takes the figures of bench/questions: starts servers and clients, measures, and keeps results."""
