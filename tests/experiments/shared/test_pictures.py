"""Pictures of a run: what they show, and that nothing which goes wrong with them takes the run along."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from experiments.configs import Problem, Space
from experiments.shared import pictures
from experiments.shared.pictures import Album, Look, Told, album, curves_of, data_lines, earlier, findings, look_of
from igm_jax.distributions.splits import Part, Scaling, Splits
from igm_jax.training import RunDirectoryError

ROWS = [{"step": step, "seconds": step / 10, "loss": 1 / step, "critic_gap": None} for step in range(1, 21)]
TOLD = Told("gan", "digits", {"rate": 1e-3, "clip": None}, 3, 40, 20, "python -m again", ["Whose."])
JUDGED = {"W2 of 9 samples": (0.5, 0.25)}
DRAW = np.random.default_rng(0)


def problem_of(splits, image_shape=None):
    values = splits.train.values
    return Problem(
        "mine", lambda key, n: values, lambda key, n: values, Space(values.shape[1], 1.0, image_shape), splits
    )


def splits_of(values, scaling, image_shape=None, **more):
    parts = (Part(part) for part in (values, values[:0], values))
    return Splits(*parts, image_shape, "mine", scaling=scaling, **more)


def plain_look():
    return Look("As they are.", np.zeros((3, 2)), np.asarray, lambda values: str(np.shape(values)).encode(), "plane")


def state(step):
    return SimpleNamespace(step=step, average=step)


def test_images_are_shown_in_their_own_range():
    values = np.linspace(-1, 1, 70)[:, None] * np.ones((1, 12), np.float32)
    look = look_of(problem_of(splits_of(values, Scaling.of_range(0, 255, "uint8"), (2, 2, 3)), (2, 2, 3)))
    assert (look.kind, look.data.shape, look.data.dtype) == ("images", (70, 2, 2, 3), np.uint8)
    page = np.asarray(Image.open(io.BytesIO(look.draw(look.own(values)))))
    assert page.shape == ((8 * 3 - 1) * 24, (8 * 3 - 1) * 24, 3)  # 2 pixels become 48
    first = page[24 :: 3 * 24, 24 :: 3 * 24, 0].ravel()
    np.testing.assert_array_equal(first, look.own(values)[:64, 0, 0, 0])


def test_columns_are_shown_in_their_own_units():
    values = DRAW.normal(size=(30, 3)).astype(np.float32)
    scaling = Scaling(np.array([40.0, 0.0, 0.0]), np.array([10.0, 1.0, 1.0]))
    splits = splits_of(values, scaling, columns=("age", "height", "mass"), credit="Whose.",
                       report=SimpleNamespace(lines=lambda: ["30 rows were read."]))  # fmt: skip
    look = look_of(problem_of(splits))
    assert look.kind == "columns"
    np.testing.assert_allclose(np.sort(look.data[:, 0]), np.sort(values[:, 0] * 10 + 40), rtol=1e-5)
    np.testing.assert_allclose(look.own(np.zeros((1, 3))), [[40, 0, 0]])
    assert look.draw(look.own(values)).startswith(b"\x89PNG")
    assert data_lines(problem_of(splits)) == ["Whose.", "30 rows were read."]
    # Names of other columns, such as of the values alone where there are conditions, are no names of these.
    assert look_of(problem_of(splits._replace(columns=("age",)))).draw(values).startswith(b"\x89PNG")


def test_the_plane_is_shown_as_points():
    values = DRAW.normal(size=(30, 2))
    look = look_of(problem_of(splits_of(values, Scaling())))
    assert look.kind == "plane"
    assert Image.open(io.BytesIO(look.draw(values))).size == (480, 522)


def test_findings_say_how_far_and_how_good():
    assert findings(ROWS, 20, 20, JUDGED) == [
        "20 steps in 2.0 s besides compiling.",
        "Against held-out data, in brackets for real data in the place of samples: W2 of 9 samples 0.5 (0.25).",
        "The loss was 0.75 in the first tenth of the log and 0.05132 in the last, each on average.",
    ]
    assert findings([], 0, 20, {}) == ["Unfinished: 0 of 20 steps."]


def test_curves_pass_over_what_was_no_number():
    assert curves_of("gan", []) is None
    assert Image.open(io.BytesIO(curves_of("gan", ROWS))).size == (1200, 408)


def test_earlier_pictures_are_spread_evenly(tmp_path):
    for step in (0, 5, 10, 1000000, *range(20, 60, 10)):
        (tmp_path / f"step-{step:06d}.png").write_bytes(b"")
    (tmp_path / "step-mine.png").write_bytes(b"")
    assert [step for step, _ in earlier(tmp_path, 50)] == [0, 5, 10, 20, 30, 40]
    assert [step for step, _ in earlier(tmp_path, 2000000)] == [0, 5, 20, 30, 50, 1000000]
    assert earlier(tmp_path, 0) == []


def test_pictures_come_at_checkpoints_and_the_page_goes_along(tmp_path):
    run = Album(tmp_path, plain_look(), lambda state: np.zeros((state.average + 1, 2)), TOLD)
    for step in (0, 10, 20, 30, 40):
        run(state(step), [])
    folder = tmp_path / "samples"
    assert sorted(path.name for path in folder.iterdir()) == ["data.png", "step-000000.png", "step-000020.png"]
    assert (folder / "step-000020.png").read_text() == "(21, 2)"
    assert "Unfinished: 20 of 40 steps." in (tmp_path / "report.html").read_text()
    run.finish(40, np.zeros((5, 2)), ROWS, JUDGED)
    page = (tmp_path / "report.html").read_text()
    for text in (
        "<h1>gan on digits</h1>",
        "W2 of 9 samples 0.5 (0.25)",
        "python -m again",
        "Whose.",
        "rate",
        "step 20",
    ):
        assert text in page
    assert "clip" not in page
    assert (folder / "step-000040.png").read_text() == "(5, 2)"
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_full_disk_does_not_stop_the_run_and_is_told_if_it_is_full_in_the_end(tmp_path, monkeypatch, capsys):
    run = Album(tmp_path, plain_look(), lambda state: np.zeros((1, 2)), TOLD)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "write_whole", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        run(state(20), [])
        with pytest.raises(RunDirectoryError, match=r"No space left on device, and start the same command again"):
            run.finish(40, np.zeros((5, 2)), [], {})
    run.finish(40, np.zeros((5, 2)), [], {})
    assert (tmp_path / "report.html").exists()
    assert "a picture of an earlier step could not be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "package"), [("matplotlib", "matplotlib"), ("PIL.Image", "pillow"), ("jinja2", "jinja2")]
)
def test_a_missing_package_is_told_in_a_line(module, package, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    problem = problem_of(splits_of(np.zeros((3, 2)), Scaling()))
    assert album(tmp_path, problem, lambda state: None, TOLD) is None
    assert capsys.readouterr().err == (
        f"the run leaves no pictures: pictures of the run needs the package {package}, which is not installed: pip install"
        ' "igm-jax[report]"\n'
    )
