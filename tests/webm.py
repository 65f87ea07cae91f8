"""WebM streams as browsers record them: one track of Opus, clusters of half a second."""

import io
from fractions import Fraction

import av
import numpy as np

CLUSTER = b"\x1f\x43\xb6\x75"
RATE = 48_000


def tone(seconds, hz=440, rate=16_000, level=9000):
    """Return samples of a sine."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype("<i2")


def record(seconds, *, codec="libopus", live=True, layout="mono", rate=RATE, **fields):
    """Return a WebM that holds a tone; `live` as browsers do, which cannot seek back."""
    out = io.BytesIO()
    options = {"live": "1", "cluster_time_limit": "500"} if live else {}
    with av.open(out, "w", format=fields.get("format", "webm"), options=options) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
        samples = np.repeat(tone(seconds, rate=rate), channels).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return out.getvalue()


def parts(webm):
    """Return the header and the clusters of a live stream."""
    header, *clusters = webm.split(CLUSTER)
    return header, [CLUSTER + cluster for cluster in clusters]
