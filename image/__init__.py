"""The SageMaker image: `train` and `serve`."""
