"""`make demo`: a whole release, and a bad one, on the embedded cloud."""
