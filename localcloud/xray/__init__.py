"""X-Ray: the daemon that functions send to, the segments of the services themselves, and the API that reads them."""
