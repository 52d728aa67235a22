"""Where everything comes from: the graph of data, runs, versions and releases, and the models as callers see them."""
