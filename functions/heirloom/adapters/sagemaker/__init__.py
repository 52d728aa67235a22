"""The ports on SageMaker, a module a port: a handler imports the one that it uses."""
