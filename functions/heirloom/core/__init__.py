"""The domain: plain Python, no AWS, no third party."""
