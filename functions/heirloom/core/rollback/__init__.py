"""Taking a version back that breaks a promise: decide, move the route, see what answers, tell people; and drills."""
