"""Words: audio comes in, redacted and encrypted segments go out.

May import `sessions`, `accounts` and `copilot.lib`; never `insights`. Audio, engines, endpointing,
model_store, pipeline and redaction are pure Python: no Django, Channels, Celery or DRF.
Read `pipeline.py` first.
"""
