"""Measure a speech engine on the bundled interview: speed, delays and word errors.

    python tests/benchmarks/speech.py [--engine auto] [--models-dir DIR] [--no-glossary] [--json]

Audio is played on a simulated clock: a chunk exists from the moment its last sample was spoken, and
decoding moves the clock by the time it really took, or with `--cpu-clock` by the CPU time that it
took, which is what an otherwise idle machine would need. Delays are what a listener would have seen
with one stream; `rtf` is CPU time per second of audio.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

from transcription.audio import SAMPLE_RATE, decode_file  # noqa: E402  after the path is set
from transcription.engines.registry import EngineConfig, choose, engine_for  # noqa: E402  as above

CHUNK = SAMPLE_RATE // 10
TERMS = "AWS EC2 S3 Lambda CloudFormation Docker Ansible Django PostgreSQL Redis".split()
SPOKEN = {"200": "two hundred", "4": "four", "3": "three"}


def play(engine, pcm, glossary, *, partials, timer):
    """Return finals, first-partial delays by utterance, end-of-turn delays, RTF and block times."""
    recognizer = engine.recognizer(language="en", glossary=glossary)
    clock, finals, firsts, blocks = 0.0, [], [], []
    waiting = True
    cpu = time.process_time()
    for first in range(0, len(pcm), CHUNK * 2):
        clock = max(clock, (first // 2 + CHUNK) / SAMPLE_RATE)
        began = timer()
        heard = recognizer.accept(pcm[first : first + CHUNK * 2], partials=partials)
        blocks.append(timer() - began)
        clock += blocks[-1]
        for hypothesis in heard:
            if hypothesis.final:
                finals.append((hypothesis, clock))
            elif waiting:
                firsts.append(clock)
            waiting = hypothesis.final
    finals += [(hypothesis, clock) for hypothesis in recognizer.flush()]
    cpu = time.process_time() - cpu
    recognizer.close()
    return [f for f in finals if f[0].text], firsts, cpu, blocks


def words(text):
    found = re.findall(r"[a-z0-9']+", text.lower())
    return " ".join(SPOKEN.get(word, word) for word in found).split()


def word_error_rate(reference, heard):
    left, right = words(reference), words(heard)
    row = list(range(len(right) + 1))
    for i, word in enumerate(left, 1):
        above, row = row, [i]
        for j, other in enumerate(right, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1] / len(left)


def spread(values):
    """Return median and 95th percentile, rounded."""
    if len(values) < 2:
        return [round(value, 2) for value in values]
    return [round(statistics.median(values), 2), round(statistics.quantiles(values, n=20)[-1], 2)]


def measure(options):
    config = EngineConfig(models_dir=options.models_dir, default=options.engine)
    choice = choose("en", config)
    engine = engine_for("en", config)
    engine.warm()
    recording = list(decode_file(options.audio))
    turns = json.loads((ROOT / "tests/data/interview.json").read_text())
    figures = {"engine": choice.name, "reason": choice.reason}
    starts, ends, cpu, length, blocks = [], [], 0.0, 0.0, []
    for channel, role in enumerate(("interviewer", "candidate")):
        pcm = b"".join(block[channel] for block in recording)
        glossary = [] if options.no_glossary else TERMS
        timer = time.process_time if options.cpu_clock else time.perf_counter
        finals, firsts, used, steps = play(
            engine, pcm, glossary, partials=not options.finals_only, timer=timer
        )
        own = [turn for turn in turns if turn["speaker"] == role]
        text = " ".join(hypothesis.text for hypothesis, _ in finals)
        figures[f"wer_{role}"] = round(word_error_rate(" ".join(t["text"] for t in own), text), 4)
        for turn in own:
            starts += [at - turn["start"] for at in firsts if turn["start"] < at < turn["end"]][:1]
            ends += [at - turn["end"] for _, at in finals if at > turn["end"]][:1]
        cpu += used
        length += len(pcm) / 2 / SAMPLE_RATE
        blocks += steps
    figures["rtf"] = round(cpu / length, 3)
    figures["rtf_while_somebody_speaks"] = round(cpu * 2 / length, 3)
    figures["first_partial_s_p50_p95"] = spread(starts)
    figures["end_of_turn_s_p50_p95"] = spread(ends)
    if options.turns:
        figures["turns"] = [[round(value, 2) for value in values] for values in (starts, ends)]
    figures["block_ms_p50_p95"] = spread([block * 1000 for block in blocks])
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("INTERVIEW_MODELS_DIR", "~/.cache/interview-copilot/models")
    parser.add_argument("--audio", type=Path, default=ROOT / "static/sample/interview_stereo.flac")
    parser.add_argument("--models-dir", type=Path, default=Path(default).expanduser())
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--no-glossary", action="store_true")
    parser.add_argument("--finals-only", action="store_true")
    parser.add_argument("--cpu-clock", action="store_true")
    parser.add_argument("--turns", action="store_true", help="every delay")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
