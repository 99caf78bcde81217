"""Faces, or any other photographs: a folder or a .zip of pictures, scaled to 64×64 in colour.

Each picture is cropped to the largest square around its centre and scaled. All pixels are kept in
the cache folder: decoding takes minutes, reading the cache takes seconds.

The images in CelebA's official img_align_celeba.zip have 178×218 pixels and are aligned by the
eyes. Their middle 178×178 are used, as in PyTorch's DCGAN example. Many authors use a tighter
148×148, with less around the face: their pictures and scores are not comparable with those here.
Source of the set: Liu, Luo, Wang & Tang 2015, "Deep learning face attributes in the wild".
"""

import numpy as np

from tinygan.data import faces_cache
from tinygan.data.dataset import Dataset
from tinygan.data.decode import BACKGROUND, colour
from tinygan.data.picture_files import open_pictures
from tinygan.errors import UserError


def load(split, data_dir, background=BACKGROUND):
    """One split: nine tenths ("train") or one tenth of the pictures by a fixed seed. See data.load.

    data_dir: a folder (with its subfolders) or a .zip; all its .jpg, .jpeg, .png, .bmp and .webp
    files are used, sorted by name, except for hidden ones. background: what transparent pictures
    are laid over, a name or #rrggbb.
    The first call takes minutes; it shows its progress, what it has passed over and the pictures
    that cannot be read, on stderr.
    Returns a Dataset of images uint8 (N, 64, 64, 3). Its labels are all 0; its sha256 is that of
    the pixels of both splits.
    Raises UserError when there are no pictures, or too few that can be read, and for a background
    that is no colour.
    """
    if data_dir is None:
        raise UserError("--data faces needs --data-dir: a folder of images, or a .zip of images")
    background = colour(background)
    with open_pictures(data_dir) as source:
        images, sha256 = faces_cache.load(source, background, split)
    if len(images) == 0:
        raise UserError(f"{source.path} has too few images to keep a tenth of them for testing")
    labels = np.zeros(len(images), np.uint8)
    return Dataset("faces", images, labels, sha256, str(source.path))
