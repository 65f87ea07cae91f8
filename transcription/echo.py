"""The same words on two channels: one of them is the loudspeaker, heard by a microphone."""
