import numpy as np

from experiments.shared import strings
from igm_jax.data import character_names, spelled, unicode_names

NAMES = [name for name in character_names() if len(name) <= 12]


def test_known_names_are_valid_and_new_where_they_were_not_trained_on():
    train, held, other = NAMES[::3], NAMES[1::3], NAMES[2::3]
    floor = strings.measured(other, held, train)
    assert (floor["valid"], floor["new_valid"], floor["words"], floor["novelty"], floor["distinct"]) == (1, 1, 1, 1, 1)
    copies = strings.measured(train[:40] * 2, held, train)
    assert (copies["valid"], copies["new_valid"], copies["novelty"], copies["distinct"]) == (1, 0, 0, 0.5)
    assert copies["self_bleu"] == 1
    assert copies["js4"] > floor["js4"] > 0


def test_judged_names_are_drawn_from_all_of_their_part():
    splits = unicode_names(24)
    found = strings.judged(splits, 1500)
    assert strings.judged(splits, 1500) == found
    for names, part in zip(found, (splits.test, splits.validation), strict=True):
        every = spelled(part.values)
        place = {name: number / len(every) for number, name in enumerate(every)}
        assert len(set(names)) == 1500  # each at most once
        assert names != every[:1500]
        for cut in (names, names[: strings.TESTED]):  # of 500 evenly drawn ones the mean lies within 4 standard errors
            places = np.array([place[name] for name in cut])
            assert abs(places.mean() - 0.5) < 4 / np.sqrt(12 * strings.TESTED)
            assert places.max() > 0.98
            assert places.min() < 0.02


def test_an_embedding_brings_its_test():
    lengths = lambda texts: np.array([[float(len(text))] for text in texts])  # noqa: E731
    short, long = NAMES[:30], ["A" * 30] * 30
    assert strings.measured(long, short, NAMES, lengths)["minilm_p"] < 0.01
    assert "minilm" not in strings.measured(long, short, NAMES)


def test_fifty_strings_come_as_they_are():
    (found,) = strings.string_tables({"mine": ["A B", "", " C", *(str(number) for number in range(60))]})
    cells = [text for line in found.lines for text in (line.name, *(cell.text for cell in line.cells))]
    assert len(cells) == 50
    assert cells[:4] == ["A B", "∅", "␣C", "0"]


def test_the_curve_is_a_picture():
    found = {name: {f"js{n}": n / scale for n in strings.ORDERS} for name, scale in (("a", 10), ("b", 20))}
    assert strings.curves(found).startswith(b"\x89PNG")
