"""Incidents: what people are told of a breach or of an alarm, through PagerDuty, once."""
