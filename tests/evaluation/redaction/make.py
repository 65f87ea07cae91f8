"""Write the corpus of redaction: `python -m tests.evaluation.redaction.make`.

    … make            the utterances of both halves, from templates and made-up values
    … make --speak    says a part of them with espeak-ng, hears them with our Whisper, then the same

Needs espeak-ng for `--speak` only. Everything is seeded: the same templates give the same corpus.
What was heard is kept in `heard.json`; what of it is still personal was read by eye and is kept in
`reviewed.json`. A line whose words were changed beyond recognition there has no spans.
"""

import argparse
import json
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from faker import Faker

from tests.evaluation.redaction.values import (
    DIGITS,
    LOCALES,
    TEENS,
    Values,
    Voice,
    kind_of,
    number_words,
)

HERE = Path(__file__).parent
HALVES = ("dev", "heldout")
KNOWN = {  # the session's people: who is interviewed and who asks
    "dev": ("Tamsin Okonjo", "Leopold Brunner"),
    "heldout": ("Marisol Etxeberria", "Desmond Kavanagh"),
}
SLOT = re.compile(r"\{([A-Z]+)\.([a-z]+)(\d?)(=?)\}")
FILL = re.compile(r"\{([A-Za-z]+)\}")
FORMS = {"filler": "filler", "corrected": "corrected", "whisper": "whisper"}
LOWER = frozenset(
    "lower firstlower lastlower nearlower nearlast bare possessivelower joined year short".split()
)
WRITTEN = frozenset(
    "written foreign solid last unit full german french box private six own first possessive near "
    "upper ownwhisper bare".split()
)
TOOLS = {
    "dev": "Jenkins Cassandra Django Ruby Julia Ada Kafka Hudson Maven Travis Grafana Redis Puppet "
    "Chef Flask Celery Pandas Scala Perl Hugo Jasmine Luigi Airflow Consul Nomad Vagrant Selenium "
    "Cypress Gradle Thanos".split(),
    "heldout": "Grafana Jenkins Cassandra Ruby Julia Django Kafka Maven Travis Hudson Ada Jasper "
    "Elixir Haskell Pascal Erlang Kotlin Helm Argo Istio Loki Presto Hadoop Hive Storm Flink "
    "Dagger Mockito Karma Mocha Svelte Ember Gatsby Astro Babel Vite Jest Bazel".split(),
}
METHODS = {
    "dev": ["Dijkstra", "Bayes", "Gaussian", "Monte Carlo", "Levenshtein", "Huffman",
            "Bellman Ford", "Fourier", "Poisson", "Fibonacci"],
    "heldout": ["Bayesian", "Gauss", "Markov", "Dijkstra", "Kalman", "Laplace", "Bernoulli",
                "Bloom filter", "Adam optimizer", "Turing"],
}  # fmt: skip
COMPANIES = {
    "dev": ["Siemens", "Goldman Sachs", "Spotify", "Morgan Stanley", "Johnson & Johnson", "Zalando",
            "Wells Fargo", "Oracle"],
    "heldout": ["JPMorgan", "Bosch", "Ericsson", "Walmart", "Accenture", "Charles Schwab",
                "Philips", "Deutsche Bank"],
}  # fmt: skip
CITIES = {
    "dev": "London Berlin Austin Lagos Mumbai Lisbon Seattle Paris Toronto Madrid".split(),
    "heldout": "Warsaw Denver Nairobi Dublin Chicago Vienna Seoul Boston Milan Houston".split(),
}


def _lines(name: str) -> Iterator[tuple[str, str]]:
    """Return (domain, line) of a template file."""
    domain = ""
    for line in (HERE / "templates" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            domain = line[3:]
        elif line and not line.startswith("#"):
            yield domain, line


def _form(styles: list[str], line: str) -> str:
    if " // " in line:
        return "split"
    for style in styles:
        if style in FORMS:
            return FORMS[style]
    if any(style in WRITTEN for style in styles):
        return "written"
    return "lower" if all(style in LOWER for style in styles) else "spoken"


def positives(half: str, fakers: dict[str, Faker]) -> Iterator[dict[str, Any]]:
    """Return the items that hold something personal."""
    for number, (domain, line) in enumerate(_lines(f"{half}.txt")):
        rng = random.Random(f"{half} {number} {line}")  # noqa: S311  no secret
        for fake in fakers.values():
            fake.seed_instance(rng.randrange(1 << 30))
        values = Values(rng, KNOWN[half], fakers)
        spans: list[dict[str, Any]] = []
        styles: list[str] = []
        texts = [
            _filled(part, at, values, spans, styles) for at, part in enumerate(line.split(" // "))
        ]
        item: dict[str, Any] = {"id": f"{half}-p{number:03}"}
        if len(texts) > 1:
            item["texts"] = texts
        else:
            item["text"] = texts[0]
            spans = [{"kind": s["kind"], "text": s["text"]} for s in spans]
        named = "KNOWN" in line
        item["session"] = {"names": list(KNOWN[half]) if named else [], "keep_names": False}
        item["spans"] = spans
        item["form"] = "identity" if domain == "identity" else _form(styles, line)
        item["domain"] = domain
        yield item


def _filled(
    part: str, at: int, values: Values, spans: list[dict[str, Any]], styles: list[str]
) -> str:
    """Return an utterance of a template with values; their labels and styles are appended."""

    def put(match: re.Match[str]) -> str:
        maker, style, tag, _ = match.groups()
        said = values.text(maker, style, tag)
        styles.append(style)
        if (maker, style) != ("URL", "a"):  # a site alone is nobody's
            personal = said.removesuffix("'s")
            spans.append({"kind": kind_of(maker), "text": personal, "in": at})
        return said

    return SLOT.sub(put, part)


def negatives(half: str) -> Iterator[dict[str, Any]]:
    """Return the items that must come out as they went in."""
    for number, (domain, line) in enumerate(_lines(f"{half}_negatives.txt")):
        seen = set()
        for copy in range(2):
            rng = random.Random(f"{half} {number} {copy} {line}")  # noqa: S311  no secret
            text = FILL.sub(lambda m, rng=rng: _filling(m.group(1), half, rng), line)
            if text in seen:
                continue
            seen.add(text)
            yield {
                "id": f"{half}-n{number:03}{'ab'[copy]}",
                "text": text,
                "session": {"names": list(KNOWN[half]), "keep_names": False},
                "spans": [],
                "form": "lower" if text == text.lower() else "written",
                "domain": domain,
            }


def _filling(slot: str, half: str, rng: random.Random) -> str:
    lists = {"tool": TOOLS, "method": METHODS, "company": COMPANIES, "city": CITIES}
    if slot.lower() in lists:
        chosen = rng.choice(lists[slot.lower()][half])
        return chosen if slot.isupper() else chosen.lower()
    small = rng.randint(3, 29)
    year = rng.randint(1998, 2024)
    status = rng.choice(("200", "401", "404", "429", "500", "502", "503", "504"))
    port = rng.choice(("8080", "5432", "9092", "6379", "27017", "3000", "8443", "9200"))
    digits = "".join(rng.choice("123456789") for _ in range(5))
    count = rng.randint(1000, 9_999_999)
    voice = Voice(rng)
    return {
        "port": port,
        "portword": voice.digits([port], rng.choice(("oh", "pairs"))),
        "version": f"{rng.randint(1, 21)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}",
        "ms": str(rng.randint(4, 950)),
        "msword": rng.choice(("two hundred", "forty five", "seven hundred and fifty", "ninety")),
        "status": status,
        "statusword": voice.digits([status], "oh"),
        "rfc": str(rng.randint(768, 9562)),
        "hash": f"{rng.getrandbits(rng.choice((28, 64, 160))):x}",
        "ticket": digits[: rng.randint(4, 5)],
        "ticketword": voice.digits([digits], "spoken"),
        "count": rng.choice((f"{count:,}", f"{rng.randint(2, 900)},000")),
        "countword": rng.choice(
            (f"{number_words(small)} thousand", f"{number_words(small)} million",
             f"{DIGITS[rng.randint(2, 9)]} hundred thousand")
        ),
        "build": f"{year}{rng.randint(1, 12):02}{rng.randint(1, 28):02}",
        "money": f"{rng.randint(20, 990)},000",
        "moneyword": f"{number_words(small)} {rng.choice(('thousand', 'million'))}",
        "small": str(small),
        "smallword": number_words(small),
        "year": str(year),
        "yearword": f"twenty {rng.choice(TEENS)}",
        "epoch": str(rng.randint(1_500_000_000, 1_800_000_000)),
        "minute": f"{rng.randint(10, 59)}",
    }[slot]  # fmt: skip


# --- Said through the speech engine --------------------------------------------------------------

VOICES = ("en-us", "en-gb", "en-us+f3")
SPOKEN = frozenset({"spoken", "filler", "corrected", "lower"})


def to_say(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the part of a half that is said: six of each kind, and forty lines without values."""
    rng = random.Random("say")  # noqa: S311  no secret
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        if item["spans"] and "text" in item and item["form"] in SPOKEN:
            by_kind.setdefault(item["spans"][0]["kind"], []).append(item)
    chosen: list[dict[str, Any]] = []
    for of_kind in by_kind.values():
        chosen += rng.sample(of_kind, min(6, len(of_kind)))
    plain = [item for item in items if not item["spans"]]
    return chosen + rng.sample(plain, 40)


def speak(text: str, voice: str, folder: Path) -> bytes:
    """Return 16 kHz mono PCM of a text, with silence around it."""
    from transcription.audio import decode_file

    path = folder / "said.wav"
    subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "135", "-g", "4", "-w", str(path), text], check=True
    )
    pcm = b"".join(block[0] for block in decode_file(path, mono=True))
    return b"\0" * 16_000 + pcm + b"\0" * 32_000


def hear(items: list[dict[str, Any]], engine: Any) -> Iterator[dict[str, Any]]:
    """Return what the product's engine hears of each item, with word times in samples."""
    with tempfile.TemporaryDirectory() as folder:
        for number, item in enumerate(items):
            pcm = speak(item["text"], VOICES[number % len(VOICES)], Path(folder))
            recognizer = engine.recognizer(language="en")
            heard = [h for n in range(0, len(pcm), 32_000)
                     for h in recognizer.accept(pcm[n : n + 32_000], partials=False)]  # fmt: skip
            heard += recognizer.flush()
            recognizer.close()
            finals = [h for h in heard if h.final and h.text]
            yield {
                "of": item["id"],
                "said": item["text"],
                "texts": [h.text for h in finals],
                "words": [[[w.text, w.start, w.end] for w in h.words] for h in finals],
            }


def aligned(item: dict[str, Any], heard: list[str]) -> list[dict[str, Any]]:
    """Return a first guess where the values of an item are in what was heard, for review."""
    said = re.findall(r"\S+", item["text"])
    found = [(at, word) for at, text in enumerate(heard) for word in re.finditer(r"\S+", text)]
    steps = SequenceMatcher(
        a=[_bare(w) for w in said], b=[_bare(w.group()) for _, w in found], autojunk=False
    ).get_opcodes()
    spans = []
    for span in item["spans"]:
        first = len(re.findall(r"\S+", item["text"][: item["text"].index(span["text"])]))
        last = first + len(span["text"].split())
        inside = [
            n
            for tag, a, b, c, d in steps
            for n in range(c, d)
            if (tag == "equal" and first <= a + n - c < last)
            or (tag != "equal" and a < last and b > first)
            or (tag == "insert" and first < a < last)
        ]
        for at in sorted({found[n][0] for n in inside}):
            words = [found[n][1] for n in inside if found[n][0] == at]
            text = heard[at][words[0].start() : words[-1].end()].strip(" .,!?")
            spans.append({"kind": span["kind"], "text": text, "in": at})
    return spans


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word.lower())


def recognized(half: str, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return the heard items with their reviewed labels."""
    heard = json.loads((HERE / "heard.json").read_text(encoding="utf-8"))
    reviewed = json.loads((HERE / "reviewed.json").read_text(encoding="utf-8"))
    by_id = {item["id"]: item for item in items}
    for entry in heard:
        item = by_id.get(entry["of"])
        if item is None or item["text"] != entry["said"] or not entry["texts"]:
            continue
        texts = entry["texts"]
        spans = reviewed.get(entry["of"], aligned(item, texts) if item["spans"] else [])
        if item["spans"] and not spans:
            continue  # nothing personal is left of it, and it is no plain talk either
        result = {"id": f"{entry['of']}-heard"}
        if len(texts) > 1:
            result["texts"] = texts
        else:
            result["text"] = texts[0]
            spans = [{"kind": s["kind"], "text": s["text"]} for s in spans]
        yield result | {
            "session": item["session"],
            "spans": spans,
            "form": "recognized",
            "domain": item["domain"],
            "words": entry["words"],
        }


def _engine() -> Any:
    from tests.environment import models_dir
    from transcription.engines.registry import EngineConfig, engine_for

    return engine_for("en", EngineConfig(models_dir=models_dir(), default="whisper"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speak", action="store_true", help="say and hear a part of it again")
    options = parser.parse_args()
    fakers = {locale: Faker(locale) for locale in (*LOCALES, "ko_KR")}
    halves = {half: [*positives(half, fakers), *negatives(half)] for half in HALVES}
    if options.speak:
        engine = _engine()
        heard = [entry for items in halves.values() for entry in hear(to_say(items), engine)]
        lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in heard)
        (HERE / "heard.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    for half, items in halves.items():
        with (HERE / f"{half}.jsonl").open("w", encoding="utf-8") as file:
            for item in [*items, *recognized(half, items)]:
                file.write(json.dumps(item, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
