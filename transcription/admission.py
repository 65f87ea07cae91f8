"""How many streams a machine can follow, and when another may come."""
