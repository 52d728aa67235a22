"""GraphQL, as much as MLflow's UI asks of it: POST /graphql reads, by queries that name the fields they want.

``syntax`` reads a query, ``plan`` says which fields it asks for and refuses what asks for too much, ``schema`` has
MLflow's types, ``answer`` tells the answers of the REST endpoints in their form. No introspection, no subscriptions.
https://spec.graphql.org/October2021/
"""
