"""What runs where: the CDK app."""
