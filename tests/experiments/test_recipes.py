import jax
import pytest
import tyro

from experiments import recipes
from experiments.configs import Space
from experiments.evaluate import Evaluate
from experiments.recipes import DINOV2, PATH, RECIPES, Command, Config, commands
from experiments.train import Train
from igm_jax.data import fashion_mnist

OPTIONS = (tyro.conf.CascadeSubcommandArgs, tyro.conf.OmitSubcommandPrefixes)


def of(name, tmp_path, **options):
    given = {"path": tmp_path / "data"} if PATH in RECIPES[name].words else {}
    given |= {"weights": tmp_path / "vit.pth"} if DINOV2 in RECIPES[name].words else {}
    return commands(Config(name, directory=tmp_path / "out", **given, **options))


@pytest.mark.parametrize("name", RECIPES)
def test_every_command_is_one_that_its_module_takes(name, tmp_path):
    *before, train, evaluate = of(name, tmp_path, seed=3)
    parsed = tyro.cli(Train, args=list(train.words), config=OPTIONS)
    assert (train.module, evaluate.module) == ("experiments.train", "experiments.evaluate")
    assert parsed.seed == 3
    assert parsed.directory == tmp_path / "out" / f"{name}-seed3"
    assert tyro.cli(Evaluate, args=list(evaluate.words)).run == parsed.directory
    assert [one.module for one in before] == ["experiments.encoder"] * RECIPES[name].encoder
    if before:
        assert str(parsed.features) in before[0].words
    assert parsed.target.name == ("cifar" if PATH in RECIPES[name].words else "fashion-mnist")


def test_the_published_unet_is_of_the_published_size(tmp_path):
    *_, train, _ = of("drifting-cifar", tmp_path)
    parsed = tyro.cli(Train, args=list(train.words), config=OPTIONS)
    assert str(parsed.features) == f"dinov2={tmp_path / 'vit.pth'}"
    generator = parsed.generator.build(Space(3072, 1.0, (32, 32, 3)))
    shapes = jax.eval_shape(generator.init, jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 32_856_707


def test_published_runs_say_that_nobody_has_run_them_here():
    for name, recipe in RECIPES.items():
        assert ("Nobody has run it here." in recipe.told) is (PATH in recipe.words), name


def test_the_commands_run_in_order_until_one_fails(monkeypatch, capsys, tmp_path):
    ran = []

    class Module:
        def __init__(self, name):
            self.name = name

        def main(self, words):
            ran.append(Command(self.name, tuple(words)))
            return 7 * self.name.endswith("train")

    monkeypatch.setattr(recipes, "import_module", Module)
    words = ["drifting-features", "--directory", str(tmp_path)]
    assert recipes.main(words) == 7
    assert ran == commands(Config("drifting-features", directory=tmp_path))[:2]
    ran.clear()
    assert recipes.main([*words, "--show"]) == 0
    assert ran == []
    assert capsys.readouterr().out.count("3 of 3: python -m experiments.evaluate --run") == 1


def test_all_are_listed(capsys):
    assert recipes.main([]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in RECIPES)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gans"], "`name` must be one of"),
        (["drifting", "--path", "x"], "those of drifting come with a package"),
        (["sngan-cifar"], "`--path` must say where the data are"),
        (["drifting-cifar", "--path", "x"], "drifting-cifar looks through DINOv2"),
        (["drifting", "--weights", "x"], "but drifting needs none"),
        (["drifting", "--seed", "-1"], "`seed` must"),
    ],
)
def test_wrong_choices_are_told_before_any_work(words, message, capsys):
    assert recipes.main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_recipe_runs_whole_in_miniature(tmp_path, capsys):
    try:
        fashion_mnist()
    except (ImportError, OSError) as error:
        pytest.skip(str(error))
    import jax

    with jax.numpy_dtype_promotion("standard"):
        assert recipes.main(["drifting-features", "--smoke", "--directory", str(tmp_path)]) == 0
    capsys.readouterr()
    assert (tmp_path / "drifting-features-seed0" / "evaluation.md").exists()
