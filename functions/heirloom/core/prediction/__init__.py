"""A prediction: from a caller's rows to answers with ids of their own."""
