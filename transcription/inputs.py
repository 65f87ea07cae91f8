"""What clients send, as 16 kHz mono s16le: PCM of any rate, or a WebM stream."""
