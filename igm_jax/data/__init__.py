"""Readers of your own files, and data sets with a name: each is split once and for all, and says what it read and what not."""

from igm_jax.data.arrays import file
from igm_jax.data.cifar_files import cifar
from igm_jax.data.decoded import stored
from igm_jax.data.decoding import Header, ImageError, decode, header
from igm_jax.data.earth import ocean_climate, relief
from igm_jax.data.fashion import fashion_mnist
from igm_jax.data.folders import Folder, folder
from igm_jax.data.idx_files import idx
from igm_jax.data.image_folders import Survey, images, survey
from igm_jax.data.letters import alphabets, glyphs
from igm_jax.data.patches import photographs
from igm_jax.data.places import DataChangedError, DataNotFoundError
from igm_jax.data.random_access import Shuffled, shuffled
from igm_jax.data.report import Report
from igm_jax.data.saved_sets import hugging_face
from igm_jax.data.soundfonts import notes
from igm_jax.data.sounds import Sound, read_wav, sounds, wav_bytes
from igm_jax.data.store import Layout, Store, StoreError, open_store, write_store
from igm_jax.data.tables import table
from igm_jax.data.texts import character_names, one_hot_texts, spelled, text_lines, unicode_names

__all__ = [
    "DataChangedError",
    "DataNotFoundError",
    "Folder",
    "Header",
    "ImageError",
    "Layout",
    "Report",
    "Shuffled",
    "Sound",
    "Store",
    "StoreError",
    "Survey",
    "alphabets",
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
    "one_hot_texts",
    "open_store",
    "photographs",
    "read_wav",
    "relief",
    "shuffled",
    "sounds",
    "spelled",
    "stored",
    "survey",
    "table",
    "text_lines",
    "unicode_names",
    "wav_bytes",
    "write_store",
]
