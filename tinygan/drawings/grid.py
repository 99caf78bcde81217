"""A grid of drawn images: a row for each class where there are classes, with numbers if wanted."""

from tinygan.drawings import sheet
from tinygan.errors import UserError
from tinygan.progress import plural
from tinygan.recipes import trained_model

_EACH = 10  # images of a class, if nothing else is asked for
_COLUMNS = 16  # images beside each other, at most


def draw(run, out, *, n=None, seed=0, classes=None, prior=None, numbers=False):
    """Draw n images.

    n: 64 if None, or 10 of each class of a model that is asked for one. seed: of the noise; the
    images are those of `python -m tinygan.sample` with the same n and seed. classes: labels to ask
    for. prior: of an autoencoder, "normal" or "gmm". numbers: above each image its number, from 0,
    by which sums.py takes its noise; that draws one class of a conditional GAN, so this does too.
    Returns the lines to print. Raises UserError as trained_model.draw does, and for numbers of
    several classes.
    """
    model = run.model
    conditional = "classes" in model.choices
    if conditional and numbers and len(classes or model.classes) > 1:
        raise UserError("--numbers are those of one class, as sums draws it: add --classes 0")
    n = n or (_EACH * len(classes or model.classes) if conditional else 64)
    images, labels = trained_model.draw(model, n, seed, classes=classes, prior=prior)
    cells = [(image, str(i) if numbers else "") for i, image in enumerate(images)]
    if conditional:
        rows = []
        for label in dict.fromkeys(labels.tolist()):
            of_class = [cell for cell, c in zip(cells, labels, strict=True) if c == label]
            names = [run.class_text(label), *[""] * (len(of_class) // _COLUMNS)]
            pieces = sheet.in_rows([of_class], [""], _COLUMNS)
            rows += [(name, row) for name, (_, row) in zip(names, pieces, strict=False)]
    else:
        columns = next(k for k in range(1, n + 1) if k * k >= n)
        rows = sheet.in_rows([cells], [""], columns)
    title = f"{model.name}, {model.step:,} updates, seed {seed}"
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape))
    return [f"{plural(n, 'image')} in {out}", _next(run, numbers, seed, classes)]


def _next(run, numbers, seed, classes):
    if numbers and "noise_dim" in run.model.options:
        three = ["--a", "0,1,2", "--b", "3,4,5", "--c", "6,7,8", "--seed", seed]
        three += ["--classes", classes[0]] if classes else []
        return run.next_line("sums of some that you choose", "tinygan.draw", "sums", *three)
    return run.next_line("whether they are copies", "tinygan.draw", "nearest")
