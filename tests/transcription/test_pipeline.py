"""Audio in, redacted drafts out."""

import asyncio
import itertools
import re
import threading
from dataclasses import dataclass

import pytest

from transcription.engines.base import Hypothesis
from transcription.engines.scripted import ScriptedEngine
from transcription.pipeline import Partial, Pipeline, PipelineError, SegmentDraft, StreamWorker

SECRET = "swordfish"
SCRIPT = ((2.0, "my swordfish is gone"), (4.0, "and that is all"))


@dataclass(frozen=True)
class Cleaned:
    text: str
    words: tuple
    kinds: dict


class Redactor:
    """Replace one word."""

    def final(self, text, words=()):
        return Cleaned(text.replace(SECRET, "[X-1]"), tuple(words), {"X": text.count(SECRET)})

    def partial(self, text):
        return text.replace(SECRET, "[X]")


class Saying:
    """A recognizer that says given hypotheses, one list per chunk, or raises."""

    def __init__(self, *said):
        self.said = list(said)
        self.closed = 0
        self.threads = set()
        self.settled = 0

    def accept(self, pcm, *, partials=True):
        self.threads.add(threading.get_ident())
        self.settled += len(pcm) // 2
        answer = self.said.pop(0) if self.said else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    def flush(self):
        return self.accept(b"")

    def close(self):
        self.threads.add(threading.get_ident())
        self.closed += 1


def scripted(script=SCRIPT, offset=0):
    return Pipeline(ScriptedEngine(script).recognizer(language="en", offset=offset), Redactor())


def partial(text):
    return Hypothesis(text, 0, 10, final=False)


def final(text):
    return Hypothesis(text, 0, 10, final=True, confidence=0.5, engine="saying")


def test_it_turns_audio_into_redacted_partials_and_drafts(play):
    out = play(scripted(), bytes(5 * 32_000))
    drafts = [o for o in out if isinstance(o, SegmentDraft)]
    assert [d.text for d in drafts] == ["my [X-1] is gone", "and that is all"]
    assert [d.kinds for d in drafts] == [{"X": 1}, {"X": 0}]
    assert [(d.start, d.end) for d in drafts] == [(6_400, 32_000), (38_400, 64_000)]
    assert drafts[0].engine == "scripted"
    partials = [o.text for o in out if isinstance(o, Partial)]
    assert partials[:3] == ["my", "my [X]", "my [X] is"]


def test_nothing_that_leaves_holds_the_secret_and_no_repr_holds_any_word(play):
    for out in play(scripted(), bytes(5 * 32_000)):
        assert SECRET not in out.text
        assert "gone" not in repr(out)
    assert "gone" not in repr(
        ScriptedEngine(SCRIPT).recognizer(language="en").accept(bytes(64_000))
    )


@pytest.mark.parametrize("chunk_s", [0.02, 0.1, 1.0])
def test_drafts_do_not_depend_on_the_chunk_size(play, chunk_s):
    def drafts(size):
        out = play(scripted(), bytes(5 * 32_000), size)
        return [o for o in out if isinstance(o, SegmentDraft)]

    assert drafts(chunk_s) == drafts(0.25)


def test_it_leaves_partials_out_when_overloaded(play):
    out = play(scripted(), bytes(5 * 32_000), partials=False)
    assert {type(o) for o in out} == {SegmentDraft}
    pipeline = Pipeline(Saying([partial("one"), final("one two")]), Redactor())
    assert [o.text for o in pipeline.accept(b"", partials=False)] == ["one two"]


def test_it_says_a_partial_once():
    pipeline = Pipeline(Saying([partial("so")], [partial("so"), partial("so it")]), Redactor())
    said = [o.text for o in pipeline.accept(b"") + pipeline.accept(b"")]
    assert said == ["so", "so it"]


def test_it_withdraws_a_partial_that_was_no_speech():
    pipeline = Pipeline(Saying([partial("you")], [final("")], [final("")]), Redactor())
    shown, withdrawn, nothing = (pipeline.accept(b"") for _ in range(3))
    assert [o.text for o in shown] == ["you"]
    assert withdrawn == [Partial("", 0, 10)]
    assert nothing == []


def test_it_reports_what_is_settled(play):
    pipeline = scripted(offset=1000)
    assert pipeline.settled == 1000
    play(pipeline, bytes(5 * 32_000))
    assert pipeline.settled == 1000 + 5 * 16_000


@pytest.mark.parametrize("step", ["recognizer", "redactor"])
def test_a_failure_names_step_and_type_and_no_word(step):
    class Broken(Redactor):
        def final(self, text, words=()):
            raise ValueError(f"cannot clean {text}")

    said = RuntimeError(f"lattice of {SECRET}") if step == "recognizer" else [final(SECRET)]
    pipeline = Pipeline(Saying(said), Broken())
    with pytest.raises(PipelineError) as caught:
        pipeline.accept(b"")
    error = caught.value
    assert step in str(error)
    assert re.search("RuntimeError|ValueError", str(error))
    assert error.step == step
    assert error.where
    assert SECRET not in str(error) + repr(error) + str(error.where)
    assert error.__suppress_context__


async def test_a_worker_runs_one_stream_on_one_thread_of_its_own():
    recognizer = Saying([partial("a")], [final("a b")])
    worker = StreamWorker(lambda: Pipeline(recognizer, Redactor()))
    assert worker.settled is None
    await worker.open()
    outputs = await asyncio.gather(*(worker.accept(bytes(4)) for _ in range(5)))
    assert [[o.text for o in out] for out in outputs] == [["a"], ["a b"], [], [], []]
    assert worker.settled == 10
    assert await worker.flush() == []
    await worker.close()
    await worker.close()
    assert recognizer.closed == 1
    assert len(recognizer.threads) == 1
    assert threading.get_ident() not in recognizer.threads
    with pytest.raises(RuntimeError):
        await worker.accept(b"")


async def test_a_worker_gives_the_error_of_its_builder_and_closes_cleanly():
    def build():
        raise LookupError("no model")

    worker = StreamWorker(build)
    with pytest.raises(LookupError):
        await worker.open()
    await worker.close()


async def test_a_worker_closes_after_the_work_of_a_cancelled_caller():
    started, go_on = threading.Event(), threading.Event()

    class Slow(Saying):
        def accept(self, pcm, *, partials=True):
            started.set()
            assert go_on.wait(30)
            assert self.closed == 0
            return super().accept(pcm)

    recognizer = Slow()
    worker = StreamWorker(lambda: Pipeline(recognizer, Redactor()))
    task = asyncio.create_task(worker.accept(bytes(2)))
    await asyncio.to_thread(started.wait)
    task.cancel()
    closing = asyncio.create_task(worker.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    assert recognizer.closed == 1
    assert recognizer.settled == 1


async def test_streams_do_not_wait_for_each_other():
    barrier = threading.Barrier(2)

    class Meeting(Saying):
        def accept(self, pcm, *, partials=True):
            barrier.wait(30)  # passes only if both are in accept at the same time
            return []

    workers = [StreamWorker(lambda: Pipeline(Meeting(), Redactor())) for _ in range(2)]
    assert await asyncio.gather(*(worker.accept(b"") for worker in workers)) == [[], []]
    for worker in workers:
        await worker.close()


@pytest.mark.speech
@pytest.mark.parametrize("role", ["interviewer", "candidate"])
def test_it_writes_the_interview_down(whisper, interview, glossary, play, error_rate, role):
    audio, turns = interview
    pipeline = Pipeline(whisper.recognizer(language="en", glossary=glossary), Redactor())
    drafts = play(pipeline, audio[role], partials=False)
    pipeline.close()
    own = [turn for turn in turns if turn["speaker"] == role]
    reference = " ".join(turn["text"] for turn in own)
    assert error_rate(reference, " ".join(draft.text for draft in drafts)) <= 0.05
    assert all(a.end <= b.start for a, b in itertools.pairwise(drafts))
    for draft in drafts:
        middle = (draft.start + draft.end) / 2 / 16_000
        assert any(turn["start"] <= middle <= turn["end"] for turn in own)
