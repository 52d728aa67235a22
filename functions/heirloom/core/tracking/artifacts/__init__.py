"""Artifacts: the files of runs and of logged models, below one root on S3.

The handler asks these tables. ``endpoints.endpoints(artifacts)`` has what answers JSON, as the rest of tracking does.
``files`` has what the UI down- and uploads, ``proxy.PROXY`` what is below /api/2.0/mlflow-artifacts/, for clients that
have no access to S3: these answer a Reply, to be sent as it is, its body in base64.

A path is percent-decoded once, by API Gateway or by the handler, before it comes here, and never again.
"""
