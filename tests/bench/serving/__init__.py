"""`make bench-serving`: the image's server beside those that people serve scikit-learn models with today.

Every server gets the same fitted estimator, the same rows and one core; the load comes from another core. Nothing is
timed before all of them gave the same answers.
"""
