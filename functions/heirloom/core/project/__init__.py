"""The model project: what model.yaml may say, and what is known of a project once it is deployed."""
