"""Speech engines behind one small protocol: Vosk, Whisper, both in two passes, and a scripted one.

Pure Python: may import `transcription.endpointing` and `transcription.model_store`, nothing above.
An engine is one file here and one line in `registry.py`.
Read `base.py` first.
"""
