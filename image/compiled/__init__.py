"""Models that answer without scikit-learn: made and proven at the end of training, read back by `serve`.

At training: lookups, trees, linear, converted make the parts, proof compares them with the estimator on the test set.
At serving: encoding and model, which need numpy and, for trees, ONNX Runtime; nothing here imports more for them.
"""
