"""Data sets that `save_to_disk` wrote: parts, images, classes, columns of numbers, and what is wrong with a folder."""

import json

import numpy as np
import pytest

from igm_jax.data import hugging_face
from tests.data import told
from tests.data.pictures import pixels, stored
from tests.data.test_arrays import joined, same_rows

pyarrow = pytest.importorskip("pyarrow")

IMAGE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
FEATURES = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}


def saved(folder, columns, features=None, files=1):
    """What the package writes for one part."""
    folder.mkdir(exist_ok=True, parents=True)
    table = pyarrow.table(columns)
    names = [f"data-{number:05}-of-{files:05}.arrow" for number in range(files)]
    size = -(-len(table) // files)
    for number, name in enumerate(names):
        with pyarrow.ipc.new_stream(str(folder / name), table.schema) as writer:
            writer.write_table(table.slice(number * size, size), max_chunksize=7)
    state = {"_data_files": [{"filename": name} for name in names], "_fingerprint": "a", "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features or {}}))
    return folder


def pictures(number):
    drawn = [pixels(6, 6) for _ in range(number)]
    files = [{"bytes": stored(image), "path": f"{place}.png"} for place, image in enumerate(drawn)]
    return drawn, {"image": pyarrow.array(files, IMAGE), "label": [place % 2 for place in range(number)]}


def test_images_in_their_own_parts(tmp_path):
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test", "unsupervised"]}')
    drawn, columns = pictures(80)
    saved(tmp_path / "train", columns, FEATURES, files=3)
    held_out, columns = pictures(10)
    saved(tmp_path / "test", columns, FEATURES)
    data = hugging_face(tmp_path, name="pets")
    assert (data.image_shape, data.name, data.label_names) == ((6, 6, 1), "pets", ("cat", "dog"))
    np.testing.assert_array_equal(data.undone(data.test.values)[..., 0], held_out)
    np.testing.assert_array_equal(data.test.labels, [0, 1] * 5)
    same_rows(data.undone(np.concatenate([data.train.values, data.validation.values]))[..., 0], drawn)
    assert data.report.skipped == {"parts that are not used": ("unsupervised",)}
    assert data.report.classes == {"cat": 45, "dog": 45}
    assert data.report.notes[0].startswith("The parts are those of the data set;")
    assert hugging_face(tmp_path, 4, channels=3).image_shape == (4, 4, 3)
    one = hugging_face(tmp_path / "train")
    assert (one.report.number, one.report.notes, len(one.test.values) > 0) == (80, (), True)


def test_images_that_cannot_be_had_are_named_and_labels_follow(tmp_path):
    drawn, columns = pictures(60)
    files = columns["image"].to_pylist()
    files[4] = {"bytes": None, "path": "/etc/passwd"}
    files[5] = None
    files[9]["bytes"] = files[9]["bytes"][:30]
    files[11]["bytes"] = b"no image"
    columns["image"] = pyarrow.array(files, IMAGE)
    data = hugging_face(saved(tmp_path / "x", columns, FEATURES))
    assert data.report.skipped == {
        "saved without its bytes": ("row 5", "row 6"),
        "damaged or truncated": ("row 10", "row 12"),
    }
    kinds = {image.tobytes(): place % 2 for place, image in enumerate(drawn)}
    assert [kinds[bytes(image)] for image in data.undone(joined(data))] == joined(data, "labels").tolist()


def test_columns_of_numbers_are_features(tmp_path):
    columns = {"a": [float(i) for i in range(90)], "b": list(range(90)), "text": ["x"] * 90, "kind": [0, 1, 2] * 30}
    features = {"kind": {"_type": "ClassLabel", "names": ["p", "q", "r"]}}
    data = hugging_face(saved(tmp_path / "x", columns, features))
    assert (data.columns, data.image_shape, data.label_names) == (("a", "b"), None, ("p", "q", "r"))
    np.testing.assert_array_equal(np.rint(data.undone(joined(data))[:, 1]) % 3, joined(data, "labels"))
    assert data.report.skipped == {"columns that are not used": ("text",)}
    assert hugging_face(tmp_path / "x", label="b").columns == ("a", "kind")
    columns["kind"][0] = -1
    assert hugging_face(saved(tmp_path / "x", columns, features)).report.notes == (
        "There are no labels, since some rows have none: 1.",
    )
    assert told(hugging_face, tmp_path / "x", label="text").startswith(
        f"the column 'text' of {tmp_path}/x must hold finite"
    )


def test_several_columns_that_may_be_meant_are_listed(tmp_path):
    _, columns = pictures(40)
    path = saved(tmp_path / "x", {**columns, "mask": columns["image"]}, FEATURES)
    assert told(hugging_face, path) == f"{path} has 2 columns that may be the image: image, mask; say `image`"
    assert hugging_face(path, image="mask").report.number == 40
    assert told(hugging_face, path, image="masks").endswith("but is 'masks'; did you mean 'mask'?")
