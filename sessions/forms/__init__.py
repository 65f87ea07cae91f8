"""What people fill in on pages: preparing an interview, sharing it."""
