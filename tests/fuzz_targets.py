"""What fuzz.py reads: small files as they are really written, and how a command reads them.

Each target is a function that returns its seeds, a list of Seed.
"""

import contextlib
import csv
import dataclasses
import functools
import gzip
import hashlib
import io
import json
import os
import re
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import small_pictures as small
from fuzz_changes import members, meta_member, sealed, zip_of
from PIL import Image

from tinygan import data, nn, npz, plots, recipes, train
from tinygan.data import cifar10, download, faces_cache, fashion_mnist, idx
from tinygan.data.decode import colour
from tinygan.data.picture_files import open_pictures
from tinygan.evaluation import comparison, measure_file, protocol
from tinygan.evaluation.measure_run import evaluate_run, measured_against
from tinygan.evaluation.report import comparison_table, table
from tinygan.evaluation.result import read_evaluation
from tinygan.health.course import Course
from tinygan.health.table import rows_of
from tinygan.models.conditional import Conditional
from tinygan.play.page import page as play_page
from tinygan.recipes import check_up, trained_model
from tinygan.recipes import gan as gan_recipes
from tinygan.recipes.settings import settings
from tinygan.report import page, story
from tinygan.runs import config as config_file
from tinygan.runs import tables
from tinygan.runs.run import Run

LETTERS = 1000  # of a sentence


@dataclass(frozen=True)
class Seed:
    """Good files, and how they are read.

    files: {relative path: bytes}. read: called with the folder that they are in. change: the names
    of the files that are changed; all of them when left out. repair: called with the changed files,
    makes them belong together again; half of the inputs are repaired.
    """

    files: dict
    read: Callable
    change: tuple = ()
    repair: Callable | None = None


def idx_files():
    """IDX files, plain and gzipped, one by one and as sets."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (3, 4, 4), np.uint8), np.array([0, 7, 9], np.uint8)

    def written(array):
        sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
        return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()

    many, one = written(images), written(labels)
    packed, packed_one = gzip.compress(many, mtime=0), gzip.compress(one, mtime=0)
    plain = dict(zip(fashion_mnist.FILES["train"], (many, one), strict=True))
    zipped = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in plain.items()}
    two = dict(zip(plain, (written(images[1:]), written(labels[1:])), strict=True))
    inside = {f"emnist-x-{name}/emnist-x-{name}": content for name, content in plain.items()}
    test = dict(zip(fashion_mnist.FILES["test"], (many, one), strict=True))
    for name, content in (plain | test).items():
        fashion_mnist.OFFICIAL[name] = hashlib.sha256(content).hexdigest()

    def whole(name, split, folder):
        data.load(name, split, folder)

    def verified(folder):
        if (folder / "x.gz").exists():
            download._sha256_of_gzip(folder / "x.gz", 10_000)

    return [
        *(Seed({"x": many}, lambda folder: idx.read_idx(folder / "x", 3)),) * 2,
        *(Seed({"x.gz": packed}, lambda folder: idx.read_idx(folder / "x.gz", 3)),) * 2,
        Seed({"x.gz": packed_one}, lambda folder: idx.read_idx(folder / "x.gz", 1)),
        Seed(plain, functools.partial(whole, "idx", "train")),
        Seed(zipped, functools.partial(whole, "idx", "train")),
        Seed(inside, functools.partial(whole, "idx", "train")),
        Seed(two, functools.partial(whole, "idx", "train")),
        Seed(test, functools.partial(whole, "idx", "test")),
        Seed(zipped, functools.partial(whole, "fashion-mnist", "train")),
        Seed({"x.gz": packed}, verified),
    ]


def cifar10_files():
    """CIFAR-10's binary version, with two records in a file, packed and unpacked."""
    cifar10.RECORDS = 2
    rng = np.random.default_rng(0)
    contents = {}
    for name in (*cifar10.FILES["train"], *cifar10.FILES["test"]):
        records = rng.integers(0, 256, (2, cifar10.RECORD_BYTES), np.uint8)
        records[:, 0] %= 10
        records[:, 100:] //= 128  # so that they can be packed, and are quickly
        contents[f"{cifar10.FOLDER}/{name}"] = records.tobytes()

    def packed(**settings):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", **settings) as archive:
            for name, content in contents.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return {cifar10.ARCHIVE: gzip.compress(file.getvalue(), 1, mtime=0)}

    def split(name):
        return lambda folder: data.load("cifar10", name, folder)

    gnu, pax = packed(), packed(format=tarfile.PAX_FORMAT, pax_headers={"comment": "x" * 200})
    read = {name: split(name) for name in ("train", "test")}
    return [
        *(Seed(contents, read[name]) for name in read),
        *(Seed(gnu, read[name]) for name in read),
        *(Seed(pax, read[name]) for name in read),
    ]


@functools.cache
def tiny_pictures():
    """{name: bytes}: pictures of 4×4 pixels in every format and mode that is read."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (4, 4, 4), np.uint8)
    rgba, rgb = Image.fromarray(colours), Image.fromarray(colours[..., :3].copy())
    grey, deep = rgb.convert("L"), rng.integers(0, 65536, (4, 4), np.uint16)
    rows = [bytes(range(i, i + 8)) for i in range(4)]
    passes = [b"a", b"b", b"cd", b"ef", b"gh", b"ijkl", b"mnop"]
    turned = Image.Exif()
    turned[0x0112] = 6
    made = {
        "rgb": (rgb, {}),
        "rgba": (rgba, {}),
        "grey": (grey, {}),
        "grey_alpha": (rgba.convert("LA"), {}),
        "bits": (rgb.convert("1"), {}),
        "palette": (rgb.convert("P"), {"transparency": 3}),
        "grey_key": (grey, {"transparency": 9}),
        "turned": (rgb, {"exif": turned}),
    }
    found = {f"{name}.png": small.saved(image, **how) for name, (image, how) in made.items()}
    found |= {
        "grey_16.png": small.picture(deep),
        "grey_16_key.png": small.png((4, 4), 16, small.GREY, rows, transparent=b"\1\2"),
        "colours_16.png": small.png((4, 4), 16, small.COLOURS, [row * 3 for row in rows]),
        "key_2.png": small.png((4, 4), 2, small.GREY, [b"\x1b"] * 4, transparent=b"\0\1"),
        "interlaced.png": small.png((4, 4), 8, small.GREY, passes, interlaced=True),
        "palette_4.png": small.png(
            (4, 4), 4, small.PALETTE, [b"\1\2"] * 4, palette=bytes(range(48)), transparent=b"\0\x80"
        ),
        "rgb.jpg": small.saved(rgb, "JPEG"),
        "grey.jpeg": small.saved(grey, "JPEG"),
        "inks.jpg": small.saved(rgb.convert("CMYK"), "JPEG"),
        "scans.jpg": small.saved(rgb, "JPEG", progressive=True, exif=turned),
        "rgb.bmp": small.saved(rgb, "BMP"),
        "palette.bmp": small.saved(rgb.convert("P"), "BMP"),
        "bits.bmp": small.saved(rgb.convert("1"), "BMP"),
        "runs.bmp": _bmp_of_runs(),
        "lossy.webp": small.saved(rgb, "WEBP"),
        "lossless.webp": small.saved(rgba, "WEBP", lossless=True),
        "moving.webp": small.saved(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)]),
    }
    return found


def _bmp_of_runs():
    """A BMP of 4×4 pixels with run lengths, which Pillow reads and does not write."""
    body = b"\4\1\0\0" * 3 + b"\0\4\1\2\3\4\0\0" + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 8, 1, len(body), 0, 0, 256, 0)
    start = 14 + 40 + 1024
    palette = bytes(range(256)) * 4
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + header + palette + body


def _with_two_good(name, content):
    """A picture as the second, by name, of three; the others can be read."""
    good = tiny_pictures()["rgb.png"]
    return {"0.png": good, f"x_{name}": content, "z.png": good}


def _faces(folder, path="."):
    data.load("faces", "train", folder / path)


def _pictures(folder, path="."):
    data.read_pictures(folder / path, (4, 4, 1 if current["number"] % 2 else 3))


def _measured(folder, path="."):
    """As evaluate reads pictures. What it does next takes seconds."""
    with contextlib.suppress(Reached):
        measure_file.evaluate_file(
            str(folder / path), n=10, seed=0, name="idx", xp=np, say=print, warn=print
        )


class Reached(Exception):
    """The files have been read."""


def _stop_before_measuring():
    def stop(*args, **settings):
        raise Reached

    measure_file.build_reference = stop
    measure_file.protocol.LEAST = 1


def pictures():
    """Folders of pictures, of which one is changed; read as faces, and at their own size."""
    _stop_before_measuring()
    seeds = []
    for name, content in tiny_pictures().items():
        files = _with_two_good(name, content)
        seeds += [Seed(files, read, (f"x_{name}",)) for read in (_faces, _pictures, _measured)]
    return [*seeds, *(Seed({"a.png": b}, _measured) for b in tiny_pictures().values())]


def zip_files():
    """.zip files of pictures, as faces and at their own size."""
    _stop_before_measuring()
    seeds = []
    for name, content in tiny_pictures().items():
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for inner, body in _with_two_good(name, content).items():
                archive.writestr(zipfile.ZipInfo(f"a/{inner}"), body, zipfile.ZIP_DEFLATED)
        for read in (_faces, _pictures, _measured):
            seeds.append(Seed({"x.zip": file.getvalue()}, functools.partial(read, path="x.zip")))
    return seeds


def faces_caches():
    """The cache of scaled faces. Whatever it holds, the pictures themselves are there."""
    files = {f"in/{n}": b for n, b in _with_two_good("y.png", tiny_pictures()["rgb.png"]).items()}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        made = {}
        for n in (2, 3):
            source = small.put(Path(folder) / str(n), dict(list(files.items())[:n]))
            with cache_in(Path(folder)), open_pictures(source) as opened:
                faces_cache.load(opened, (255, 255, 255), "train")
                made[n] = faces_cache._file(opened, (255, 255, 255)).read_bytes()

    def read(folder):
        with open_pictures(folder / "in") as source:
            path = faces_cache._file(source, colour("white"))
        if (folder / "cache.npy").exists():
            path.parent.mkdir(parents=True)
            os.rename(folder / "cache.npy", path)
        assert data.load("faces", "train", folder / "in").images.shape[1:] == (64, 64, 3)

    return [Seed(files | {"cache.npy": cache}, read, ("cache.npy",)) for cache in made.values()]


def image_files():
    """.npz files of images, as sample writes them, read as evaluate does."""
    _stop_before_measuring()

    def read(folder, **how):
        with contextlib.suppress(Reached):
            measure_file.evaluate_file(
                str(folder / "x.npz"), n=10, seed=0, xp=np, say=print, warn=print, **how
            )

    rng, seeds = np.random.default_rng(0), []
    for shape in ((6, 28, 28, 1), (7, 32, 32, 3)):
        images = rng.integers(0, 256, shape, np.uint8)
        for labels in ({}, {"labels": rng.integers(0, 10, len(images))}):
            for save in (np.savez, np.savez_compressed):
                file = io.BytesIO()
                save(file, images=images, **labels)
                seeds.append(Seed({"x.npz": file.getvalue()}, read))
    images = rng.integers(0, 256, (6, 3, 32, 32), np.uint8)  # channels first
    file = io.BytesIO()
    np.savez(file, images, np.arange(6))
    seeds.append(Seed({"x.npz": file.getvalue()}, read))
    asked = functools.partial(read, name="idx", classes=(1, 2, 3, 4, 5, 6, 7, 8, 9))
    return [*seeds, dataclasses.replace(seeds[0], read=asked)]


def array_files():
    """tinygan's own .npz files, with arrays of every form."""
    arrays = {
        "a/0.W": np.arange(6, dtype=np.float32).reshape(2, 3),
        "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "number": np.array(2.5),
        "empty": np.zeros((0, 4), np.float32),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        npz.write_arrays(path, {"format": 1, "note": "n", "list": [1, 2.5, None]}, arrays)
        content = path.read_bytes()

    def read(folder):
        meta, found = npz.read_arrays(folder / "x.npz")
        assert isinstance(meta, dict)
        for array in found.values():
            assert not array.flags.writeable

    return [Seed({"x.npz": content}, read)]


FIRST_EDITION = Path(__file__).parent / "runs/first_edition"


@functools.cache
def run_folders():
    """{name: {file: bytes}}: small runs of several recipes, trained now, and of the first edition.

    From here on, the curves of a run are seldom drawn, the training images are read only once, and
    the networks of cgan, which have no --width, are small.
    """
    _look_often()
    load, once, curves = data.load, functools.cache(data.load), plots.curves
    data.load = lambda name, *how: (once if name == "fashion-mnist-subset" else load)(name, *how)
    plots.curves = lambda *args: curves(*args) if current["number"] % 100 == 0 else None
    cgan = recipes.get("cgan")
    recipes._RECIPES["cgan"] = dataclasses.replace(cgan, build=_small_conditional_pair)
    new = {
        "dcgan": "dcgan --width 1 --batch-size 16 --ema 0.9 --flip --lr-d 0.001 --limit 48 "
        "--fd-every 1 --keep-best",
        "cgan": "cgan --batch-size 16 --limit 200",
        "vae": "vae --width 1 --batch-size 16 --code 2 --components 2 --limit 48",
        "gmm": "gmm --components 2 --dims 2 --covariance tied --limit 40",
        "wgan-gp": "wgan-gp --width 1 --batch-size 4 --d-steps 2 --limit 16",
        "classifier": "classifier --width 1 --batch-size 16 --flip --limit 48",
        "flow": "flow --width 1 --code 2 --flow-width 2 --ode-steps 2 --classes 0,1 --batch-size 4 "
        "--limit 120",
        "flow-unet": "flow-unet --width 1 --ode-steps 2 --classes 1 --batch-size 4 --limit 120",
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, words in new.items():
            out = Path(folder) / name
            common = f"--data fashion-mnist-subset --epochs 2 --quiet --backend numpy --out {out}"
            train.main([*words.split(), *common.split()])
            timing = "epoch,step,seconds,images_per_second\n1,1,0.25,64.0\n2,2,0.24,66.7\n"
            (out / "timing.csv").write_text(timing)
            names = "config.json checkpoint.npz timing.csv health.csv result.json".split()
            found[name] = _contents(out, names)
        found["dcgan"] |= _evaluated(Path(folder) / "dcgan")
    for old in sorted(FIRST_EDITION.iterdir()):
        found[f"first edition's {old.name}"] = _contents(old, ("config.json", "checkpoint.npz"))
    return found


def _look_often():
    """A small look at a GAN's health after every update, so that its notes and tables are there."""
    gan_recipes.EVERY, check_up.LOOK, check_up.REFERENCE = 1, 4, 8


def _contents(folder, names):
    files = {name: folder / name for name in names}
    return {name: file.read_bytes() for name, file in files.items() if file.exists()}


def _small_conditional_pair(rng, *, noise_dim, classes):
    def embedding():
        return nn.Embedding(classes, classes, rng=rng)

    G = Conditional(embedding(), nn.Dense(noise_dim + classes, 3, rng=rng), nn.LeakyReLU(),
                    nn.Dense(3, 784, rng=rng), nn.Sigmoid(), nn.Reshape((28, 28, 1)))  # fmt: skip
    D = Conditional(embedding(), nn.Dense(784 + classes, 1, rng=rng))
    return G, D


def _evaluated(folder):
    """evaluation.json and evaluation.npz of a run, as evaluate writes them, but for the times."""
    protocol.SETTINGS.update(bins_fitted_on=200, kid_subsets=2, memorisation_on=20)
    quiet = {"xp": np, "say": protocol.silent}
    against = measured_against(20, 0, warn=protocol.silent, **quiet)
    evaluate_run(folder, against, seed=0, data_dir=None, **quiet)
    path = folder / "evaluation.json"
    evaluation = json.loads(path.read_text()) | {"ms_per_1000": 12.5}
    path.write_text(json.dumps(evaluation, indent=2))
    return _contents(folder, ("evaluation.json", "evaluation.npz"))


def checkpoints():
    """Run folders from which images are drawn."""

    def read(folder):
        shape = (28, 28, 1) if b'"classifier"' in _bytes(folder / "config.json") else None
        weights = (None, "best", "last", "average")[current["number"] % 4]
        model = trained_model.load(folder, np, shape, weights)
        if model.draws_images:
            trained_model.bytes_of_a_draw(model)
            trained_model.draw(model, 1, 0)
            _examine(model)
            if current["number"] % 4 == 0:
                _play(model)
        else:
            model.named(np.zeros((1, 28, 28, 1), np.uint8))

    def _examine(model):
        """As the doctor does."""
        if isinstance(model, gan_recipes.Gan):
            images = np.arange(8 * 784, dtype=np.uint8).reshape(8, 28, 28, 1)
            labels = np.resize(model.classes, 8) if model.choices else np.zeros(8, int)
            look = check_up.CheckUp(model, images, labels, 0).look
            course = Course(look(model.step, again) for again in range(3))
            assert not any("\n" in change.words() for change in course.changes)

    def _play(model):
        words = {"title": "", "lead": "", "made": "", "class_names": ()}
        assert "<script" in play_page(model, words, bits=16 if current["number"] % 8 else 8)

    kept = ("config.json", "checkpoint.npz")
    return [
        Seed({name: files[name] for name in kept}, read, ("checkpoint.npz", *kept))
        for files in run_folders().values()
    ]


def _bytes(path):
    return path.read_bytes() if path.exists() else b""


def resumed_runs():
    """Run folders that are gone on with, up to the first update."""
    folders = run_folders()
    Run.train = lambda self, *how: True

    def read(recipe, folder):
        more = ["--epochs", "3"] if current["number"] % 2 else []
        words = [recipe, "--out", str(folder), "--resume", "--backend", "numpy", *more]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            train.main(words)
        for line in out.getvalue().splitlines():  # some of it comes from the files
            assert not what_is_wrong(line), line

    seeds = []
    for name, files in folders.items():
        files = {n: b for n, b in files.items() if not n.startswith("evaluation.")}
        read_it = functools.partial(read, name.split()[-1])
        kept = {"samples/epoch_0001.png": b""}  # what is there is not read
        seeds.append(Seed(files | kept, read_it, ("checkpoint.npz", "checkpoint.npz", *files)))
    return seeds


def config_files():
    """config.json of every recipe, and what a resumed run makes of it."""

    def read(folder):
        config = config_file.read_config(folder)
        recipe = recipes.get(config["recipe"])
        wanted = settings({"epochs": 9}, recipe, config, folder)
        config_file.changes(config, wanted, 5)

    found = [files["config.json"] for files in run_folders().values()]
    for name in recipes.names():
        recipe, example = recipes.get(name), json.loads(found[0])
        example |= {"recipe": name, "options": recipe.options, "data": recipe.data}
        found.append(json.dumps(example, indent=2).encode())
    return [Seed({"config.json": content}, read) for content in found]


def table_files():
    """timing.csv, health.csv and result.json of a run."""

    def read(folder):
        rows = tables.read_timing(folder, 10)
        assert sum(row[1] for row in rows) <= 10 * len(rows)
        assert isinstance(tables.read_result(folder, step), dict)
        with contextlib.suppress(OSError, ValueError, csv.Error):  # the report leaves it out
            for change in Course(rows_of(tables.read_csv(folder / "health.csv"))).changes:
                assert not what_is_wrong(change.words())

    seeds, step = [], json.loads(run_folders()["cgan"]["result.json"])["step"]
    for name in ("cgan", "dcgan"):
        kept = ("timing.csv", "health.csv", "result.json")
        files = {n: b for n, b in run_folders()[name].items() if n in kept}
        seeds.append(Seed(files, read))
    rows = "".join(f"{i},{i},{i / 3:.2f},{1e4 / i:.1f}\n" for i in range(1, 8))
    return [*seeds, Seed({"timing.csv": f"epoch,step,seconds,rate\n{rows}".encode()}, read)]


def evaluations():
    """Evaluations that were kept, as evaluate prints and compare compares them."""
    files = run_folders()["dcgan"]
    names = ("config.json", "evaluation.json", "evaluation.npz")
    files = {name: files[name] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        good = read_evaluation(small.put(Path(folder) / "good", files))

    def read(folder):
        found = comparison.kept(folder, 20, 0)
        if found is None:  # it is measured again
            return
        rows = comparison.groups([folder, Path("good")], [found, good])
        text = "".join(map(comparison_table, rows)) + comparison.as_csv(rows) + table(found[0])
        shown = comparison.picture_rows(rows)
        (text + "".join(title for title, _ in shown)).encode()
        if current["number"] % 50 == 0:
            plots.labelled_rows(folder / "compare.png", shown)

    def read_only(folder):
        found = read_evaluation(folder)
        if found is not None:
            table(found[0])
            comparison.groups([folder, Path("good")], [found, good])

    other = json.loads(files["evaluation.json"]) | {"prior": "gmm", "drawn_with": "best"}
    other["protocol"] |= {"classes": [1, 8]}
    other["metrics"] |= {"memorisation": None, "agreement": 0.5}
    other = files | {"evaluation.json": json.dumps(other, indent=2).encode()}
    _made_to_belong(other)
    kept = ("evaluation.json", "evaluation.json", "evaluation.npz")
    return [
        Seed(files, read, kept, _made_to_belong),
        Seed(other, read, kept, _made_to_belong),
        Seed(files, read_only, kept, _made_to_belong),
        Seed(files, read, ("config.json", *kept)),
    ]


def page_files():
    """What a report is made of."""
    _look_often()
    with tempfile.TemporaryDirectory() as parent:
        seeds = []
        for name in ("dcgan --width 1 --batch-size 16 --ema 0.9", "gmm --components 2 --dims 2"):
            out = Path(parent) / name.split()[0]
            common = f"--data fashion-mnist-subset --limit 48 --epochs 2 --quiet --out {out}"
            train.main([*name.split(), *common.split()])
            names = "config.json report.json metrics.csv timing.csv result.json curves.png".split()
            names += ["health.csv", "samples/epoch_0001.png", "samples/epoch_0002.png"]
            files = _contents(out, names) | (_evaluated(out) if out.name == "dcgan" else {})
            often = ("report.json",) * 4 + ("config.json",) * 2
            seeds.append(Seed(files, _told, (*files, *often), _made_to_belong))
            seeds.append(Seed({n: b for n, b in files.items() if n != "report.json"}, _told))
    return seeds


def _told(folder):
    text = page(story([folder]))
    assert text.count("<script") == 2  # the story and the script of the page
    assert not any(unicodedata.category(c) == "Cc" and c != "\n" for c in text)


def _made_to_belong(files):
    """Change evaluation.npz so that it names the evaluation.json that is there."""
    try:
        evaluation = json.loads(files["evaluation.json"])
        names = ("protocol", "checkpoint_sha256", "prior", "drawn_with")
        text = json.dumps({"format": 1, "of": {name: evaluation[name] for name in names}})
        parts = dict(members(files["evaluation.npz"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        return
    parts["meta.npy"] = meta_member(text.encode())
    files["evaluation.npz"] = sealed(zip_of(list(parts.items()), b"0" * 64))


TARGETS = {  # the seeds of each, and its share of a thousand inputs
    "idx": (idx_files, 100),
    "cifar10": (cifar10_files, 70),
    "pictures": (pictures, 180),
    "zip": (zip_files, 120),
    "faces-cache": (faces_caches, 20),
    "images.npz": (image_files, 90),
    "arrays.npz": (array_files, 90),
    "checkpoint": (checkpoints, 130),
    "report": (page_files, 30),  # before the next one, after which nothing trains
    "resume": (resumed_runs, 60),
    "config.json": (config_files, 60),
    "tables": (table_files, 20),
    "evaluation": (evaluations, 60),
}
current = {"number": 0}  # of the input that is read: what is slow is done for few of them


def what_is_wrong(sentence):
    """Why a text is not one line for people; "" when it is."""
    if not sentence.strip():
        return "empty"
    if len(sentence.splitlines()) > 1:
        return "more than a line"
    if any(unicodedata.category(c) == "Cc" for c in sentence):
        return "control characters"
    if len(sentence) > LETTERS:
        return f"{len(sentence):,} characters"
    if re.search(r"MemoryError|[Uu]nable to allocate|out of memory", sentence):
        return "it asked for too much memory"
    return "it tells of an object in memory" if re.search(r" at 0x[0-9a-f]{6}", sentence) else ""


@contextlib.contextmanager
def cache_in(folder):
    """A with-block in which tinygan's cache is in this folder, and no data is found elsewhere."""
    before = dict(os.environ)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ.pop("TINYGAN_DATA", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
