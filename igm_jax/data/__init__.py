"""Readers of your own files: each gives a data set, split once and for all, and says what it read and what not."""

from igm_jax.data.arrays import file
from igm_jax.data.cifar import cifar
from igm_jax.data.decoding import Header, ImageError, decode, header
from igm_jax.data.folders import Folder, folder
from igm_jax.data.hugging_face import hugging_face
from igm_jax.data.idx import idx
from igm_jax.data.images import Survey, images, survey
from igm_jax.data.report import Report
from igm_jax.data.tables import table

__all__ = [
    "Folder",
    "Header",
    "ImageError",
    "Report",
    "Survey",
    "cifar",
    "decode",
    "file",
    "folder",
    "header",
    "hugging_face",
    "idx",
    "images",
    "survey",
    "table",
]
