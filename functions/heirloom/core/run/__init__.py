"""A run: from an uploaded file to a registered version, each stage recorded, failures kept with their reason."""
