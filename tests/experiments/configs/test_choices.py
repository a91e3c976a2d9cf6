"""Choices from signatures: what a function says is what the command line offers, what config.json holds, what build gives."""

import dataclasses
import inspect
import pickle
import types
import typing
from pathlib import Path
from typing import Literal

import pytest
import tyro

from experiments.configs import OBJECTIVES, TARGETS, Space, choices
from experiments.configs.features import options_of
from experiments.configs.shared import CRITIC, Critic
from igm_jax.training import plain


@choices.objective(kind="ToyGAN", inner_steps=4, learns="the toy")
def toy_gan(space: Space, slope: float = 0.5, critic: Critic = CRITIC, form: Literal["a", "b"] = "a"):
    """A toy.

    Args:
        slope: Of the toy.
        form: Its form.
    """
    return space, slope, critic, form


@choices.objective(needs_density=True)
def another_toy(space: Space, sizes: tuple[float, ...] = (1.0, 2.0)):
    """Another toy."""
    return space, sizes


@choices.objective(kind="ToyLater", later=("more",))
def toy_later(space: Space, first: float = 1.0, more: int = 0, critic: Critic = CRITIC):
    """One that grew an option."""
    return space, first, more, critic


@choices.target()
def toy_target(path: Path, array: str | None = None):
    """A target.

    Args:
        path: Where.
        array: Which.
    """
    return path, array


SPACE = Space(2, 1.5)


def test_build_gives_the_function_its_options():
    assert toy_gan(form="b").build(SPACE) == (SPACE, 0.5, CRITIC, "b")
    assert another_toy().build(SPACE) == (SPACE, (1.0, 2.0))
    assert toy_target(Path("x")).build() == (Path("x"), None)


def test_names_and_constants_come_from_the_function_and_its_decorator():
    assert (toy_gan.name, toy_gan.__name__, toy_gan().inner_steps, toy_gan.needs_density) == (
        "toy-gan",
        "ToyGAN",
        4,
        False,
    )
    assert (another_toy.name, another_toy.__name__) == ("another-toy", "AnotherToy")
    assert (another_toy().inner_steps, another_toy.needs_density) == (1, True)
    assert "inner_steps" not in dataclasses.asdict(another_toy())


def test_options_keep_their_order_and_inner_steps_come_before_the_critic():
    assert [field.name for field in dataclasses.fields(toy_gan)] == ["slope", "inner_steps", "critic", "form"]


def test_a_config_is_a_value():
    """Frozen, equal by its options, hashable, changed by replace, and itself again after pickle."""
    config = toy_gan(0.25)
    assert config == toy_gan(slope=0.25) != toy_gan()
    assert len({config, toy_gan(0.25), toy_gan(), another_toy()}) == 3
    assert dataclasses.replace(config, inner_steps=7) == toy_gan(0.25, 7)
    assert pickle.loads(pickle.dumps(config)) == config
    assert repr(another_toy()) == "another_toy(sizes=(1.0, 2.0))"
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.slope = 1.0


def test_config_json_names_the_kind_and_every_option():
    assert plain(toy_gan()) == {"kind": "ToyGAN", "slope": 0.5, "inner_steps": 4, "critic": plain(CRITIC), "form": "a"}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--help"], ["A toy.", "--slope FLOAT", "Of the toy. (default: 0.5)", "{a,b}", "Its form. (default: a)"]),
        (["--help"], ["--inner-steps INT", "Updates of the toy before each of the generator. (default: 4)"]),
        (["--critic.rate", "fast"], ["could not convert string to float: 'fast'", "--critic.rate"]),
        (["--form", "c"], ["invalid choice 'c'", "--form"]),
        (["--slop", "1"], ["Unrecognized options: --slop", "--slope FLOAT"]),
    ],
)
def test_the_command_line_is_the_signature(words, text, capsys):
    with pytest.raises(SystemExit):
        tyro.cli(toy_gan, args=words)
    shown = capsys.readouterr()
    told = " ".join((shown.out + shown.err).replace("│", " ").split())
    assert [part for part in text if part not in told] == []


def test_the_command_line_sets_the_options():
    words = ["--slope", "2", "--inner-steps", "3", "--critic.width", "5", "--form", "b"]
    assert tyro.cli(toy_gan, args=words) == toy_gan(2.0, 3, Critic(width=5), "b")


def test_an_option_that_is_not_there_is_named():
    with pytest.raises(TypeError, match="'slop'"):
        toy_gan(slop=1.0)


def test_a_function_that_cannot_be_a_choice_is_refused():
    def without_space(width: int = 3):
        return width

    def with_kind(space: Space, kind: str = "a"):
        return space, kind

    with pytest.raises(TypeError, match="without_space must take `space`"):
        choices.objective()(without_space)
    with pytest.raises(TypeError, match=r"with_kind cannot have an option \['kind'\]"):
        choices.objective()(with_kind)


def test_choices_are_gathered_by_module_and_each_needs_a_name_of_its_own():
    def module(name):
        return types.ModuleType(name)

    first, second = module("tests.first"), module("tests.second")

    def single():
        """A target."""

    for name in ("tests.second", "tests.first"):
        single.__module__ = name
        choices.target(kind=f"From{name[6:].title()}")(single)
    assert [kind.__name__ for kind in choices.gathered(first).values()] == ["FromFirst"]
    with pytest.raises(ValueError, match=r"there are two of \['single'\]"):
        choices.gathered(first, second)


def helpless(kind):
    """The options of a choice without a help text; a critic explains itself."""
    hints = typing.get_type_hints(kind, include_extras=True)
    documented = typing.get_type_hints(kind)
    args = inspect.cleandoc(kind.__doc__).partition("Args:")[2]
    return [
        name
        for name in hints
        if not hasattr(hints[name], "__metadata__")
        and not dataclasses.is_dataclass(documented[name])
        and f"\n    {name}: " not in args
    ]


@pytest.mark.parametrize("kind", [*OBJECTIVES.values(), *TARGETS.values()], ids=lambda kind: kind.name)
def test_every_option_has_a_help_text_and_every_text_an_option(kind):
    assert kind.__doc__.split("\n")[0].endswith(".")
    assert helpless(kind) == []
    described = {
        line.strip().partition(":")[0]
        for line in inspect.cleandoc(kind.__doc__).partition("Args:")[2].strip().split("\n")
        if line.strip()
    }
    assert described <= {field.name for field in dataclasses.fields(kind)}


def test_a_missing_help_text_is_seen():
    @choices.objective()
    def silent(space: Space, width: int = 3):
        """No word of its option."""
        return space, width

    assert helpless(silent) == ["width"]


def test_an_option_that_came_later_is_told_where_it_is_not_the_default():
    assert plain(toy_later()) == {"kind": "ToyLater", "first": 1.0, "critic": plain(CRITIC)}
    assert plain(toy_later(more=1))["more"] == 1
    assert options_of(toy_later()) == {"first": 1.0, "critic": {k: v for k, v in plain(CRITIC).items() if k != "kind"}}
    assert options_of(toy_later(more=1))["more"] == 1
    assert toy_later(more=1).build("space") == ("space", 1.0, 1, CRITIC)
