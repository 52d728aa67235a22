"""What an upload must be to be trained on: read once as a stream, checked, described by a schema, stored by content."""
