"""The consolidated payments API (A1-A3): one function validates, processes and answers."""
