"""Heirloom: what ships to Lambda. The core is pure; adapters put it on AWS; handlers are the edge."""
