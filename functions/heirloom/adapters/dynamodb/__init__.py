"""The ports on DynamoDB, a module a port: a handler imports the one that it uses."""
