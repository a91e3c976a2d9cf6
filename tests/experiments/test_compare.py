import dataclasses
import json

import jax
import numpy as np
import pytest

from experiments import compare
from experiments.shared import budgets, runs
from igm_jax.features import save_encoder
from igm_jax.reporting import FLOOR, read_jsonl
from igm_jax.training import NonFiniteError
from tests.features.small import classifier

SMALL = ["--smoke", "--targets", "ring", "--objectives", "energy", "drifting", "--steps", "6", "--samples", "60"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small comparison, run once for all tests here; ``pages.json`` holds the report as each objective found it."""
    directory = tmp_path_factory.mktemp("compare") / "run"
    page, pages, trained = directory.with_name("run-smoke") / "report.html", [], runs.trained_group

    def watched(name, *rest):
        pages.append((name, page.read_text() if page.exists() else ""))
        return trained(name, *rest)

    with pytest.MonkeyPatch.context() as patch, jax.numpy_dtype_promotion("standard"):
        patch.setattr(runs, "trained_group", watched)
        assert compare.main([*SMALL, "--directory", str(directory)]) == 0
    (directory.parent / "pages.json").write_text(json.dumps(pages))
    return directory


def again(directory, *more):
    with jax.numpy_dtype_promotion("standard"):
        return compare.main([*SMALL, "--directory", str(directory), *more])


def test_writes_rows_tables_pictures_and_a_report(finished):
    where = finished.with_name("run-smoke")
    rows = read_jsonl(where / "rows.jsonl")
    assert [row["objective"] for row in rows] == ["energy"] * 2 + ["drifting"] * 2 + [FLOOR] * 2
    assert all(np.isfinite(row["metrics"]["w2"]) for row in rows)
    assert {"commit", "versions", "device", "date", "config", "seed"} <= set(rows[0])
    text = (where / "tables.md").read_text()
    assert "energy" in text
    assert "drifting" in text
    assert "\\toprule" in (where / "ring.tex").read_text()
    page = (where / "report.html").read_text()
    assert page.count("<canvas") >= 2
    assert "https://" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    names = {path.name for path in where.glob("*.png")}
    assert names == {"ring-samples.png", "ring-training-curves.png", "ring-witness-and-velocity.png"}


def test_a_report_is_there_before_the_last_objective_and_says_that_it_is_unfinished(finished):
    (first, nothing), (second, page) = json.loads((finished.parent / "pages.json").read_text())
    # Energy is the quicker one in the published comparison, and its results stand alone at first.
    assert (first, nothing, second) == ("energy", "", "drifting")
    assert "Unfinished: 1 of 2 objectives on ring of 8 Gaussians; about" in page
    assert "Samples of energy" in page
    assert "Samples of drifting" not in page
    whole = (finished.with_name("run-smoke") / "report.html").read_text()
    assert "Unfinished" not in whole
    assert "Samples of drifting" in whole


def test_all_seeds_share_the_data_and_differ_in_the_start(finished):
    rows = read_jsonl(finished.with_name("run-smoke") / "rows.jsonl")
    energy = [row["metrics"] for row in rows if row["objective"] == "energy"]
    assert energy[0] != energy[1]


@pytest.mark.slow
def test_a_second_run_goes_on_where_the_first_stopped(finished, monkeypatch):
    where = finished.with_name("run-smoke") / "groups"
    kept = (where / "ring-energy.npz").read_bytes()
    (where / "ring-drifting.npz").write_bytes(kept[: len(kept) // 2])  # as if half written by something else
    trained = []
    train = runs.trained_group

    def counted(name, *rest):
        trained.append(name)
        return train(name, *rest)

    monkeypatch.setattr(runs, "trained_group", counted)
    assert again(finished) == 0
    assert trained == ["drifting"]
    assert (where / "ring-energy.npz").read_bytes() == kept


def test_results_of_another_budget_are_not_mixed(finished, capsys):
    assert again(finished, "--batch-size", "16") == 2
    assert "batch_size" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_that_breaks_is_reported_and_the_others_go_on(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        words = ["--smoke", "--targets", "ring", "--objectives", "energy", "--steps", "4", "--samples", "60"]
        status = compare.main([*words, "--optimizer.rate", "1e38", "--directory", str(tmp_path / "run")])
    assert status == 1
    rows = read_jsonl(tmp_path / "run-smoke" / "rows.jsonl")
    assert np.isnan(rows[0]["metrics"]["w2"])
    assert "broke at step" in (tmp_path / "run-smoke" / "report.html").read_text()


def test_a_seed_that_breaks_does_not_take_the_others_with_it(tmp_path, monkeypatch):
    trained = runs.train
    second = jax.random.key_data(jax.random.split(jax.random.key(0), 2)[1])

    def breaking(run, keys, *rest, **options):
        if any((jax.random.key_data(key) == second).all() for key in keys):
            raise NonFiniteError("energy broke at step 3", 3, None)
        return trained(run, keys, *rest, **options)

    monkeypatch.setattr(runs, "train", breaking)
    words = ["--smoke", "--targets", "ring", "--objectives", "energy", "--steps", "4", "--samples", "60"]
    with jax.numpy_dtype_promotion("standard"):
        assert compare.main([*words, "--directory", str(tmp_path / "run")]) == 1
    first, other = read_jsonl(tmp_path / "run-smoke" / "rows.jsonl")[:2]
    assert np.isfinite(first["metrics"]["w2"])
    assert np.isnan(other["metrics"]["w2"])
    page = (tmp_path / "run-smoke" / "report.html").read_text()
    assert "1 of 2 seeds: energy broke at step 3" in page
    numbers = json.loads((tmp_path / "run-smoke" / "cards" / "ring-energy.json").read_text())["metrics"]["w2"]
    assert numbers == [first["metrics"]["w2"], None]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--objectives", "enrgy"], "did you mean 'energy'"),
        (["--targets", "file"], "the target file must know what is read, `file:PATH`"),
        (["--objectives", "energy", "energy"], "each once"),
        (["--seeds", "0"], "`seeds` must be at least 1"),
        (["--targets", "digits", "--objectives", "energy", "svgd"], "svgd needs a target whose score is known"),
        (["--samples", "5"], "`samples` must be at least 50"),
        (
            ["--objectives", "gan@features"],
            "gan@features is on the maps of an encoder, but none is given; say --features",
        ),
        (["--objectives", "energy", "--features", "none.npz"], "there is no encoder 'none.npz'"),
        (["--judge-files", "w.pth"], "--judge-files must be network=FILE"),
        (["--targets", "ring", "--judge-files", "dinov2=w.pth"], "goes with images, but these are none: ring"),
        (["--workers", "0"], "`workers` must be at least 1"),
        (["--average", "2"], "`average` must be a decay in [0, 1)"),
        (["--optimizer.rate", "-1"], "`rate` must be positive"),
        (
            ["--targets", "digits", "--objectives", "energy", "--equal", "time", "--reference", "svgd"],
            "svgd needs a target",
        ),
    ],
)
def test_wrong_configs_are_explained_before_any_work(words, expected, capsys, tmp_path):
    assert compare.main([*words, "--directory", str(tmp_path / "run")]) == 2
    assert expected in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_core_seconds_are_refused_where_cores_do_not_do_the_work(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert compare.main(["--equal", "compute", "--directory", str(tmp_path / "run")]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "must be updates or time on a gpu, but is compute" in told
    assert "use --equal time" in told
    assert not (tmp_path / "run").exists()
    assert [budgets.measurable(equal) for equal in ("updates", "time")] == ["updates", "time"]


def test_an_unwritable_directory_is_told_at_once(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert compare.main(["--directory", str(tmp_path / "file" / "run")]) == 2
    assert "file" in capsys.readouterr().err


def test_ranks_differences_and_a_card_for_every_number(finished):
    where = finished.with_name("run-smoke")
    text = (where / "tables.md").read_text()
    assert "ranks" in text
    assert "energy – drifting" in text
    rows = [row for row in read_jsonl(where / "rows.jsonl") if row["objective"] == "energy"]
    card = json.loads((where / "cards" / "ring-energy.json").read_text())
    assert card["metrics"]["w2"] == [row["metrics"]["w2"] for row in rows]
    assert card["config"]["steps"] == 6
    assert {"commit", "versions", "device", "date"} <= set(card)
    assert {path.name for path in (where / "cards").iterdir()} == {"ring-energy.json", "ring-drifting.json"}


@pytest.mark.slow
def test_equal_time_gives_as_many_updates_as_the_reference_affords(tmp_path, monkeypatch):
    costs = {"drifting": budgets.Cost(0.002, 0.004), "energy": budgets.Cost(0.004, 0.004)}
    asked = []

    def cost(run, keys):
        asked.append(run.name)
        return costs[run.name]

    monkeypatch.setattr(compare, "measured_cost", cost)
    words = ["--smoke", "--targets", "ring", "--objectives", "drifting", "--steps", "24", "--samples", "60"]
    monkeypatch.setattr(compare, "small", lambda config: dataclasses.replace(config, seeds=1, batch_size=16))
    trained = runs.trained_group
    for equal, steps in (("time", 48), ("compute", 24)):
        directory = tmp_path / equal
        with jax.numpy_dtype_promotion("standard"):
            assert compare.main([*words, "--equal", equal, "--directory", str(directory)]) == 0
        card = json.loads((directory / "cards" / "ring-drifting.json").read_text())
        assert (card["config"]["equal"], card["config"]["steps"]) == (equal, steps)
        assert asked == ["drifting", "energy"]
        asked.clear()
        monkeypatch.setattr(runs, "trained_group", lambda *args: pytest.fail("trained again"))
        with jax.numpy_dtype_promotion("standard"):
            assert compare.main([*words, "--equal", equal, "--directory", str(directory)]) == 0
        assert asked == []  # what was measured once is kept
        monkeypatch.setattr(runs, "trained_group", trained)


def test_too_few_held_out_samples_are_told_before_anything_is_trained(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runs, "trained_group", lambda *rest: pytest.fail("trained"))
    np.save(tmp_path / "x.npy", np.arange(40.0).reshape(20, 2))
    words = ["--smoke", "--targets", f"file:{tmp_path / 'x.npy'}", "--directory", str(tmp_path / "run")]
    assert compare.main(words) == 2
    assert "a comparison judges by at least 6 samples for validation and for test, but x has" in capsys.readouterr().err
    assert not (tmp_path / "run-smoke").exists()


def test_names_say_what_is_on_features_and_settings_are_those_of_pixels(tmp_path):
    path = save_encoder(tmp_path / "encoder.npz", classifier())
    both = compare.Compare(("digits",), ("drifting", "drifting@features"), path)
    assert compare.checked(both).objectives == both.objectives
    pixels, features = (compare.chosen(both, "digits", name) for name in both.objectives)
    assert (features.objective, features.encoder.fingerprint) == (pixels, classifier().fingerprint)
    unmarked = compare.checked(dataclasses.replace(both, objectives=("drifting", "gan")))
    assert unmarked.objectives == ("drifting@features", "gan@features")
    with pytest.raises(
        ValueError, match="reverse-kl, energy-scoring, crps-scoring, but is 'drifing'; did you mean 'drifting'"
    ):
        compare.checked(dataclasses.replace(both, objectives=("drifing@features",)))
    with pytest.raises(ValueError, match="each once"):
        compare.checked(dataclasses.replace(both, objectives=("gan@features", "gan@features")))


@pytest.mark.slow
def test_pixels_and_features_stand_in_one_table(tmp_path):
    path = save_encoder(tmp_path / "encoder.npz", classifier())
    words = ["--smoke", "--targets", "digits", "--objectives", "mmd", "mmd@features", "--steps", "4", "--seeds", "1"]
    with jax.numpy_dtype_promotion("standard"):
        assert compare.main([*words, "--features", str(path), "--directory", str(tmp_path / "run")]) == 0
    rows = read_jsonl(tmp_path / "run-smoke" / "rows.jsonl")
    assert [row["objective"] for row in rows] == ["mmd"] * 2 + ["mmd@features"] * 2 + [FLOOR] * 2
    assert rows[2]["config"]["objective"]["encoder"] == classifier().fingerprint[:16]
    assert "encoder" not in rows[0]["config"]["objective"]
