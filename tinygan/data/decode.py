"""One picture's file -> its pixels: uint8, red, green and blue, upright, without transparency.

Grey of 16 bits keeps its range: 0 is black and 65,535 white, as the PNG format has it, so pictures
of a 12-bit camera that use only the lowest values stay dark. The file says nothing else.

What is transparent is laid over one background before anything is scaled: the colours that a file
has under transparent pixels are arbitrary, and scaling would mix them into the edges.

The files are not trusted: only four formats are tried, and what decoding would take is bounded
before it begins: less than 512 MB and 10 seconds.
"""

import contextlib
import io
import re
import warnings

import numpy as np

from tinygan.errors import UserError, shown

BACKGROUND = "white"  # as the page that transparent pictures are mostly drawn for
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")  # the formats that Pillow may try
MAX_PIXELS = 50_000_000  # of one picture; half as many where decoding takes twice the memory
MAX_SIDE = 10_000_000  # pixels: Pillow takes 8 bytes more for each row, and twice the longest row
MAX_SCANS = 64  # of a JPEG; each takes time for all pixels, even if it has 10 bytes
MAX_RUNS = 25_000_000  # bytes of a BMP with run lengths, which Pillow unpacks slowly
MAX_RUN_PIXELS = 10_000_000  # of such a BMP: each pixel that it leaves out takes as long as a byte

# Of Pillow's modes, those whose 8 bits Pillow converts itself. 16 bits are converted here.
_DIRECT = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
_PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
_GREY_16 = {"I", "I;16", "I;16L", "I;16B", "I;16N"}

_GAP = 16  # a large picture is reduced by a whole factor to this many times the size, or more
_STRIP = 1 << 20  # pixels that are converted at once
_ORIENTATION = 0x0112  # the EXIF tag
_SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")  # of a JPEG: a marker, then its length


class OtherSize(ValueError):
    """A picture has another size than the one that is wanted. size: (width, height)."""

    def __init__(self, size):
        super().__init__(f"{size[0]}×{size[1]} pixels")
        self.size = size


def colour(text):
    """A colour's name ("white") or #rrggbb -> (red, green, blue), each 0 to 255.

    Raises UserError for a text that Pillow's ImageColor.getrgb does not know, or with an alpha.
    """
    from PIL import ImageColor

    try:
        rgb = ImageColor.getrgb(text)
    except ValueError:
        rgb = ()
    if len(rgb) != 3 or max(rgb) > 255:
        raise UserError(
            f"'{shown(text)}' is not a colour: give a name (white) or #rrggbb, without alpha"
        )
    return rgb


def middle_square(data, size, background):
    """The largest square around the centre of a picture, scaled: uint8 (size, size, 3).

    data: the file's bytes. background: (red, green, blue) behind what is transparent.
    Each new pixel is computed from all the old ones that it covers (Lanczos filter), so that fine
    detail does not become noise. Of a side of 32 · size or more, blocks are averaged first.
    Raises an exception of any kind for a file that cannot be read as a picture.
    """
    from PIL import Image

    with _opened(data) as image:
        image.draft(None, (_GAP * size, _GAP * size))  # a JPEG can be decoded at a smaller size
        w, h = image.size
        side = min(w, h)
        left, top = (w - side) // 2, (h - side) // 2
        factor = max(1, side // (_GAP * size))
        square = _reduced(image, (left, top, left + side, top + side), factor, background)
        box = (0, 0, side / factor, side / factor)
        scaled = square.resize((size, size), Image.Resampling.LANCZOS, box)
        return np.asarray(_upright(scaled, image))


def whole(data, shape, background):
    """A picture at its own size: uint8 of the shape (H, W, C), where C is 1 (grey) or 3.

    data, background: as for middle_square. Raises OtherSize for another height or width, and an
    exception of any kind for a file that cannot be read as a picture.
    """
    h, w, c = shape
    with _opened(data) as image:
        if sorted(image.size) != sorted((w, h)):
            raise OtherSize(image.size)
        upright = _upright(_flat(image, background), image)
    if upright.size != (w, h):
        raise OtherSize(upright.size)
    return np.asarray(upright.convert("L" if c == 1 else "RGB")).reshape(shape)


def upright_size(data):
    """(H, W) of a picture, turned upright. data: the file's bytes; raises as `whole` does."""
    with _opened(data) as image:
        w, h = image.size
        return (w, h) if image.getexif().get(_ORIENTATION, 1) >= 5 else (h, w)


@contextlib.contextmanager
def _opened(data):
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about faults that it repairs
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:  # reads no pixels yet
            _check_effort(image, data)
            if image.format == "PNG" and "transparency" in image.info:
                image.info["transparency"] = _eight_bit_key(image, depth=data[24])
            yield image


def _check_effort(image, data):
    """Raise ValueError for a picture that takes too much memory or time to decode."""
    four_inks = image.mode == "CMYK" and "progressive" in image.info  # all scans are kept
    run_lengths = image.format == "BMP" and image.info.get("compression") in (1, 2)
    most = MAX_PIXELS // 2 if image.format == "WEBP" or four_inks else MAX_PIXELS
    most = MAX_RUN_PIXELS if run_lengths else most
    if image.width * image.height > most or max(image.size) > MAX_SIDE:
        raise ValueError(f"{image.width:,} × {image.height:,} pixels are too many")
    if "progressive" in image.info and _scans(data) > MAX_SCANS:
        raise ValueError(f"more than {MAX_SCANS} scans")
    if run_lengths and len(data) > MAX_RUNS:
        raise ValueError(f"more than {MAX_RUNS:,} bytes of run lengths")


def _scans(data):
    """The number of scans in a JPEG file, up to the end of its picture."""
    n, at = 0, 2
    while (found := _SEGMENT.search(data, at)) and found[0] != b"\xff\xd9":  # the end
        n += found[0] == b"\xff\xda"  # the start of a scan
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return n


def _eight_bit_key(image, depth):
    """Which grey or colour of a PNG is transparent, at the depth of Pillow's pixels.

    The file names it at its own depth: 2 or 4 bits, which Pillow spreads over 8, or three times 16,
    of which Pillow keeps the upper 8.
    """
    key = image.info["transparency"]
    if image.mode == "L" and depth < 8:
        return key * 255 // (2**depth - 1)
    if image.mode == "RGB" and depth == 16:
        return tuple(value >> 8 for value in key)
    return key


def _reduced(image, box, factor, background):
    """A part of a picture, flat and each side smaller by a whole factor, converted in strips."""
    from PIL import Image

    left, top, right, bottom = box
    reduced = Image.new("RGB", (-(-(right - left) // factor), -(-(bottom - top) // factor)))
    rows = max(1, _STRIP // ((right - left) * factor)) * factor
    for y in range(top, bottom, rows):
        strip = image.crop((left, y, right, min(y + rows, bottom)))
        reduced.paste(_flat(strip, background).reduce(factor), (0, (y - top) // factor))
    return reduced


def _flat(image, background):
    """An image of any of Pillow's modes in RGB, laid over the background."""
    from PIL import Image

    if image.mode in _GREY_16:
        image = _from_16_bits(image)
    elif image.mode in _PREMULTIPLIED:
        image = image.convert(_PREMULTIPLIED[image.mode])
    elif image.mode not in _DIRECT:
        raise ValueError(f"pixels of the mode {image.mode}, whose range is not known")
    if image.mode not in ("P", "LA", "PA", "RGBA") and "transparency" not in image.info:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGB", image.size, background)
    page.paste(image, mask=image)
    return page


def _from_16_bits(image):
    """Grey of 16 bits in 8: v · 255 / 65535, rounded; with an alpha if one grey is transparent."""
    from PIL import Image

    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"pixels of the mode {image.mode} beyond 16 bits")
    grey = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if (key := image.info.get("transparency")) is None:
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.uint8(255) * (values != key))))


def _upright(scaled, image):
    """`scaled`, turned as the EXIF data of the picture `image` says."""
    from PIL import Image

    turns = Image.Transpose
    turn = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_270,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_90,
    }.get(image.getexif().get(_ORIENTATION))
    return scaled if turn is None else scaled.transpose(turn)
