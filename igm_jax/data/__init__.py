"""Readers of your own files, and data sets with a name: each is split once and for all, and says what it read and what not."""

from igm_jax.data.arrays import file
from igm_jax.data.cifar import cifar
from igm_jax.data.decoded import stored
from igm_jax.data.decoding import Header, ImageError, decode, header
from igm_jax.data.earth import ocean_climate, relief
from igm_jax.data.fashion import fashion_mnist
from igm_jax.data.folders import Folder, folder
from igm_jax.data.hugging_face import hugging_face
from igm_jax.data.idx import idx
from igm_jax.data.images import Survey, images, survey
from igm_jax.data.letters import glyphs
from igm_jax.data.notes import notes
from igm_jax.data.photographs import photographs
from igm_jax.data.places import DataChangedError, DataNotFoundError
from igm_jax.data.report import Report
from igm_jax.data.shuffled import Shuffled, shuffled
from igm_jax.data.store import Layout, Store, StoreError, open_store, write_store
from igm_jax.data.tables import table
from igm_jax.data.texts import character_names, spelled, unicode_names

__all__ = [
    "DataChangedError",
    "DataNotFoundError",
    "Folder",
    "Header",
    "ImageError",
    "Layout",
    "Report",
    "Shuffled",
    "Store",
    "StoreError",
    "Survey",
    "character_names",
    "cifar",
    "decode",
    "fashion_mnist",
    "file",
    "folder",
    "glyphs",
    "header",
    "hugging_face",
    "idx",
    "images",
    "notes",
    "ocean_climate",
    "open_store",
    "photographs",
    "relief",
    "shuffled",
    "spelled",
    "stored",
    "survey",
    "table",
    "unicode_names",
    "write_store",
]
