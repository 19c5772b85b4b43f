"""AWS on localhost: ministack in-process, what it lacks, and the engine that applies the Pulumi program to it."""
