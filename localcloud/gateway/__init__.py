"""API Gateway's data plane: permissions, stage variables, hidden errors, metrics and access logs of REST APIs."""
