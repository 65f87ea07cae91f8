"""Technical terms as they are written: what was heard as "e c two" is read as EC2."""
