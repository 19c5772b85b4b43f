"""The rollout controller: shifts traffic between two versions of Lambda functions, judges, promotes, rolls back."""
