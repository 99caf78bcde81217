"""Trainings on a GPU, for as long as there is time, and a sheet of samples of each."""

import json
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from tinygan import plots, sample, train
from tinygan.data import cifar10

RUNS = ("dcgan", "dcgan-faces", "dcgan-cifar10")
LONGEST = 60  # seconds of a training
AFTER = 8  # seconds for the start of a training, its last checkpoint and the samples
PICTURES = 2000  # generated faces


def train_all(args, save):
    """The part: each recipe trains for up to a minute, is stopped, and draws."""
    began, found = time.monotonic(), {}
    os.makedirs(args.sheets, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=Path(args.to).parent) as folder:
        folder = Path(folder)
        # the scaled faces of generated pictures are not kept
        os.environ |= {"XDG_CACHE_HOME": str(folder), "LOCALAPPDATA": str(folder)}
        for i, recipe in enumerate(RUNS):
            left = args.seconds - (time.monotonic() - began)
            seconds = min(LONGEST, left / (len(RUNS) - i) - AFTER)
            try:
                data = data_words(recipe, args, folder)
                found[recipe] = trained(recipe, data, max(2.0, seconds), folder, args)
            except (Exception, SystemExit, KeyboardInterrupt) as error:  # the last: too early
                found[recipe] = {"error": repr(error)[:300]}
            print(recipe, json.dumps(found[recipe]), flush=True)
            save({"runs": found, "outcome": outcome(found)})


def trained(recipe, data, seconds, folder, args):
    """Train, and draw a sheet: dict(step, images_per_second, last)."""
    words = [recipe, *data, "--backend", "cupy", "--tf32", "--out", str(folder / recipe)]
    if args.small:
        words += "--width 1 --batch-size 4 --limit 40 --steps 2".split()
    else:
        words += "--epochs 100000 --sample-every 100000 --checkpoint-every 100000".split()
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.default_int_handler),
        signal.SIGALRM: signal.signal(
            signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM)
        ),
    }
    signal.setitimer(signal.ITIMER_REAL, seconds)  # the training finishes its step, and saves
    try:
        train.main(words)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    sheet = Path(args.sheets) / f"{recipe}.png"
    sample.main([str(folder / recipe), "--backend", "cupy", "--out", str(sheet)])
    return told(folder / recipe)


def told(run):
    """What the tables of a run say at its end."""
    found = {}
    for name in ("metrics", "timing"):
        head, *rows = (run / f"{name}.csv").read_text("utf-8").splitlines()
        if rows:
            found[name] = dict(zip(head.split(","), rows[-1].split(","), strict=True))
    return found


def outcome(found):
    def words(one):
        return f"{one['metrics'].get('step', '?')} steps" if "metrics" in one else "failed"

    return ", ".join(f"{recipe} {words(one)}" for recipe, one in found.items())


def data_words(recipe, args, folder):
    """The options that name a recipe's data: what the command line names, or generated pictures."""
    if recipe == "dcgan":
        return ["--data", "fashion-mnist-subset"]
    if recipe == "dcgan-faces":
        given, make = args.data_dir_faces, write_faces
    else:
        given, make = args.data_dir_cifar10, write_cifar10
    if given is None:
        given = folder / f"data-{recipe}"
        given.mkdir()
        make(given, 40 if args.small else PICTURES)
    return ["--data-dir", str(given)]


def write_faces(folder, count, size=64):
    """Drawn faces as PNG files: an oval with eyes and a mouth, in colours by chance."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    for i in range(count):
        back, skin, mouth = rng.integers(40, 230, (3, 3))
        dx, dy = rng.uniform(-0.15, 0.15, 2)
        wide, high = rng.uniform(0.45, 0.65), rng.uniform(0.65, 0.85)
        face = ((x - dx) / wide) ** 2 + ((y - dy) / high) ** 2 < 1
        eyes = (np.abs(x - dx) - 0.22) ** 2 + (y - dy + 0.2) ** 2 < 0.006
        lips = (np.abs(y - dy - 0.35) < 0.05) & (np.abs(x - dx) < rng.uniform(0.1, 0.3))
        image = np.where(face[..., None], skin, back)
        image = np.where(eyes[..., None], 20, image)
        image = np.where(lips[..., None], mouth, image)
        plots.picture(image.astype(np.uint8)).save(folder / f"{i:05}.png")


def write_cifar10(folder, _count):
    """Files as CIFAR-10's binary version has them: one coloured shape in each picture."""
    rng, n, size = np.random.default_rng(0), cifar10.RECORDS, cifar10.SIZE
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    for names in cifar10.FILES.values():
        for name in names:
            labels = rng.integers(0, 10, n, dtype=np.uint8)
            back, front = rng.integers(0, 256, (2, n, 3, 1, 1), dtype=np.uint8)
            at = rng.uniform(-0.4, 0.4, (2, n, 1, 1)).astype(np.float32)
            power = (1 + labels[:, None, None] / 3).astype(np.float32)  # from a diamond to a square
            inside = np.abs(x - at[0]) ** power + np.abs(y - at[1]) ** power < 0.4**power
            planes = np.where(inside[:, None], front, back).reshape(n, -1)
            records = np.concatenate([labels[:, None], planes], axis=1)
            (folder / name).write_bytes(records.astype(np.uint8).tobytes())
