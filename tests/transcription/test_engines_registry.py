"""Which engine a language gets, why, and what is said when there is none."""

import threading

import pytest

from transcription import model_store
from transcription.engines.base import EngineUnavailable, primary_language
from transcription.engines.registry import EngineConfig, choose, engine_for


@pytest.fixture
def models(tmp_path):
    """Give a folder and a way to put model folders of the right shape into it."""

    def put(*names):
        for name in names:
            if name == "whisper":
                folder = tmp_path / "whisper" / "base"
                folder.mkdir(parents=True)
                for file in ("model.bin", *model_store.WHISPER_TEXTS):
                    (folder / file).touch()
            else:
                (tmp_path / "vosk" / name / "am").mkdir(parents=True)
                (tmp_path / "vosk" / name / "am" / "final.mdl").touch()
        return EngineConfig(models_dir=tmp_path)

    return put


@pytest.mark.parametrize(
    ("there", "language", "name"),
    [
        (["whisper", "en"], "en", "two_pass"),
        (["whisper", "en"], "en-GB", "two_pass"),
        (["whisper"], "en", "whisper"),
        (["en"], "en", "vosk"),
        (["whisper", "ko"], "ko", "vosk"),
        (["whisper", "ko"], "de", "whisper"),
        (["ko"], "ko_KR", "vosk"),
    ],
)
def test_auto_takes_the_best_that_is_installed_and_says_why(models, there, language, name):
    choice = choose(language, models(*there))
    assert choice.name == name
    assert choice.reason.endswith(".")


@pytest.mark.parametrize(
    ("there", "language", "hint"),
    [
        ([], "en", "download_model en --engine whisper"),
        (["ko"], "de", "download_model de --engine whisper"),
        (["whisper"], "eo", "download_model eo --engine vosk"),
    ],
)
def test_it_says_what_to_install(models, there, language, hint):
    with pytest.raises(EngineUnavailable, match=hint):
        choose(language, models(*there))


def test_settings_by_language_come_before_auto(tmp_path, models):
    models("whisper", "en")
    config = EngineConfig(models_dir=tmp_path, per_language={"en": "vosk"}, default="whisper")
    assert choose("en-US", config).name == "vosk"
    assert choose("fr", config).name == "whisper"


def test_an_engine_that_is_set_needs_its_models(tmp_path, models):
    models("whisper")
    for engine, missing in (("vosk", "vosk"), ("two_pass", "vosk")):
        config = EngineConfig(models_dir=tmp_path, per_language={"en": engine})
        with pytest.raises(EngineUnavailable, match=f"--engine {missing}"):
            choose("en", config)


def test_an_unknown_engine_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(EngineUnavailable, match=r"“siri”.*auto, vosk, whisper, two_pass, scripted"):
        choose("en", EngineConfig(models_dir=tmp_path, default="siri"))


def test_the_scripted_engine_needs_nothing(tmp_path):
    config = EngineConfig(models_dir=tmp_path, default="scripted", script=((1.0, "hello"),))
    engine = engine_for("xx", config)
    assert engine.name == "scripted"
    assert [h.text for h in engine.recognizer(language="xx").accept(bytes(32_000))] == ["hello"]


def test_engines_are_built_once_however_many_ask_at_once(tmp_path):
    config = EngineConfig(models_dir=tmp_path, default="scripted", script=((1.0, "once only"),))
    start, got = threading.Barrier(8), []

    def ask():
        start.wait()
        got.append(engine_for("en", config))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(engine) for engine in got}) == 1


@pytest.mark.speech
def test_real_engines_come_from_a_real_folder(all_models_dir, whisper_models_dir):
    config = EngineConfig(models_dir=all_models_dir, per_language={"ko": "two_pass"})
    assert engine_for("en", config) is engine_for("de", config)
    assert engine_for("en", config).name == "whisper"
    assert engine_for("ko", config).name == "two_pass"


def test_primary_language_is_the_first_subtag():
    assert [primary_language(code) for code in ("en", "EN-us", "pt_BR", " ko ")] == [
        "en",
        "en",
        "pt",
        "ko",
    ]
