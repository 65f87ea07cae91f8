"""Who spoke into a room microphone: as somebody said by pressing a key, never by voice."""
