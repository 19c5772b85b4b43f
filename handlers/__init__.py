"""The payments service: what is released. Each sub-package with an `app` module is one Lambda function."""
