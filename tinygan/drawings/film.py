"""An animated GIF of a run's sample sheets: what one fixed noise becomes, epoch by epoch.

A GIF has 256 colours, which is all that grey images need; the colours of others are reduced to the
256 that suit the film best. It stays below MOST_BYTES: where all frames at full size would be more,
the sheets are halved as long as each of their pixels then still has one of its own, and then frames
are left out, evenly, but never the first and the last.
"""

import io
from pathlib import Path

import numpy as np

from tinygan.cli import typed
from tinygan.drawings import sheet
from tinygan.errors import UserError, shown
from tinygan.files import atomic_write, reason
from tinygan.progress import plural
from tinygan.runs.sheets import read_sheet, sheet_files
from tinygan.runs.tables import read_timing

MOST_BYTES = 3_000_000
MOST_FRAMES = 200  # that are read at all
MOST_IN_MEMORY = 60_000_000  # pixels of all the sheets that are read
HOLD = 2.0  # seconds that the last frame is held

_FEW = 24  # frames: before fewer than these are kept, the sheets are made smaller
_NARROWEST = 200  # pixels
_PIXELS = 50_000  # from which the colours are chosen
_LEVELS = 32  # of red, green and blue, where colours are reduced


def draw(run, out, *, size=None, seconds=None):
    """Make the film of samples/*.png.

    size: the most pixels that a frame is wide; None, as many as the sheets have if that fits.
    seconds: how long it takes without the last frame, which is held for 2 s; None takes 0.3 s a
    frame, 10 s at most. It plays again and again.
    Returns the lines to print. Raises UserError for a run without sheets, for a sheet that is
    damaged, too large or of another size than the first, and when the file cannot be written.
    """
    names = sheets(run.folder)
    if not names:
        again = typed("tinygan.train", run.recipe.name, "--out", run.folder, "--resume")
        raise UserError(
            f"{run.folder} has no sheets of samples yet, such as samples/epoch_0001.png: wait, if "
            f"it is training, or go on with {again}"
        )
    total = len(names)
    pictures = _read(names)
    film, kept, width = fitted(pictures, size, seconds)
    try:
        with atomic_write(out) as file:
            file.write(film)
    except OSError as error:
        raise UserError(f"cannot write {out}: {reason(error)}") from None
    all_of = plural(total, "sheet") if kept == total else f"{kept} of {total} sheets"
    return [
        f"a film of {all_of}, {width} pixels wide, {len(film) / 1e6:.2f} MB, in {out}",
        run.next_line("what else can be drawn of it", "tinygan.draw"),
    ]


def sheets(folder):
    """The sample sheets of a run folder in the order of training: list of (path, "epoch 3").

    A sheet step_000123.png, drawn where a run ended within an epoch, stands where timing.csv says
    that this step was; else behind the epochs. Raises UserError when samples/ cannot be read.
    """
    try:
        found = sheet_files(folder)
    except OSError as error:
        raise UserError(f"cannot read {Path(folder) / 'samples'}: {reason(error)}") from None
    ends = {}  # of each epoch, the number of its last step
    for epoch, step, *_ in read_timing(Path(folder), 10**9):
        ends[epoch] = max(step, ends.get(epoch, 0))
    ordered = []
    for path, unit, number in found:
        inside = min((e for e, step in ends.items() if step >= number), default=10**9)
        place = (number, 1) if unit == "epoch" else (inside, 0)
        ordered.append((place, number, path, f"{unit} {number:,}"))
    return [(path, text) for _, _, path, text in sorted(ordered)]


def fitted(pictures, size=None, seconds=None):
    """(the film's bytes, how many frames it has, how wide they are), of at most MOST_BYTES.

    pictures: list of (Pillow picture of mode L or RGB, text), all of one size. size, seconds: see
    draw. Raises UserError where not even the first and the last frame fit.
    """
    widths = [min(size or pictures[0][0].width, pictures[0][0].width)]
    while size is None and widths[-1] // 2 >= _NARROWEST:
        widths.append(widths[-1] // 2)
    for width in widths:
        frames = [_frame(picture, text, width) for picture, text in pictures]
        frames = _in_one_palette(frames)
        most = len(frames)
        while True:
            chosen = [frames[i] for i in evenly(len(frames), most)]
            film = _encoded(chosen, seconds)
            if len(film) <= MOST_BYTES:
                return film, len(chosen), width
            if most <= 2:
                raise UserError(
                    f"two frames of {width} pixels take more than {MOST_BYTES / 1e6:.0f} MB: make "
                    f"them smaller with --size {max(width // 2, 16)}"
                )
            fitting = int(most * MOST_BYTES / len(film))
            most = max(2, min(most - 1, fitting))
            if most < min(len(frames), _FEW) and width != widths[-1]:
                break
    raise AssertionError("the last width is always taken")


def evenly(n, most):
    """The positions of at most `most` of n things, evenly spaced, with the first and the last."""
    if n <= most:
        return list(range(n))
    return np.unique(np.linspace(0, n - 1, most).round().astype(int)).tolist()


def _read(named):
    """[(path, text)] -> [(picture, text)]: of as many as may be in memory, evenly chosen; all of
    the first one's size, in colour if one is."""
    name = named[0][0]
    first = _open(name)
    most = min(MOST_FRAMES, max(2, MOST_IN_MEMORY // (first.width * first.height)))
    named = [named[i] for i in evenly(len(named), most)]
    pictures = [(_open(path), text) for path, text in named]
    for (picture, _), (path, _) in zip(pictures, named, strict=True):
        if picture.size != first.size:
            raise UserError(
                f"{path} has {picture.width}×{picture.height} pixels and {name.name} "
                f"{first.width}×{first.height}: remove the one that is not of this run"
            )
    if any(picture.mode == "RGB" for picture, _ in pictures):
        pictures = [(picture.convert("RGB"), text) for picture, text in pictures]
    return pictures


def _open(path):
    """A sheet as a picture of the mode L or RGB."""
    from PIL import Image

    try:
        return Image.fromarray(read_sheet(path))
    except ValueError as error:
        raise UserError(f"{path} is not a sheet of samples: {shown(str(error))}") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None


def _frame(picture, text, width):
    """The sheet, at most `width` pixels wide, above a line with the text."""
    from PIL import Image

    if picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        exact = picture.width == 2 * width and picture.height == 2 * height
        how = Image.Resampling.BOX if exact else Image.Resampling.LANCZOS
        picture = picture.resize((width, height), how)
    line = sheet.words(text)[..., 0]
    page = Image.new(picture.mode, (picture.width, picture.height + line.shape[0] + 4), "white")
    page.paste(picture, (0, 0))
    page.paste(Image.fromarray(line), (2, picture.height + 2))
    return page


def _in_one_palette(frames):
    """Colours reduced to 256 for the whole film, which then does not flicker; grey as it is.

    Black, white, and the 254 that suit some of the pixels best. A table says for each of 32³
    colours which of the 256 is nearest; Pillow would look for it anew for each pixel.
    """
    from PIL import Image

    if frames[0].mode == "L":
        return frames
    arrays = [np.asarray(frame) for frame in frames]
    rng = np.random.default_rng(0)
    some = [
        rng.integers(len(array) * array.shape[1], size=_PIXELS // len(arrays)) for array in arrays
    ]
    pixels = np.concatenate([x.reshape(-1, 3)[i] for x, i in zip(arrays, some, strict=True)])
    best = Image.fromarray(pixels[None]).quantize(254, method=Image.Quantize.MEDIANCUT, kmeans=1)
    found = np.array(best.getpalette()[: 3 * 254], np.uint8).reshape(-1, 3)
    palette = np.concatenate([[[0, 0, 0], [255, 255, 255]], found]).astype(np.uint8)
    level = np.linspace(0, 255, _LEVELS)
    cells = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(-1, 3)
    table = np.empty(len(cells), np.uint8)
    for start in range(0, len(cells), 4096):
        block = cells[start : start + 4096, None] - palette  # (…, 256, 3)
        table[start : start + 4096] = (block * block).sum(axis=-1).argmin(axis=1)
    reduced = []
    for array in arrays:
        r, g, b = np.moveaxis((array.astype(np.int32) * (_LEVELS - 1) + 127) // 255, -1, 0)
        frame = Image.fromarray(table[(r * _LEVELS + g) * _LEVELS + b])
        frame.putpalette(palette.tobytes())
        reduced.append(frame)
    return reduced


def _encoded(frames, seconds):
    """The GIF's bytes."""
    if seconds is None:
        seconds = min(10.0, 0.3 * len(frames))
    each = max(
        20, 10 * round(100 * seconds / len(frames))
    )  # ms; a GIF counts hundredths of a second
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], loop=0, optimize=False,
        duration=[*[each] * (len(frames) - 1), each + round(1000 * HOLD)],
    )  # fmt: skip
    return file.getvalue()
