"""The options of a run, whatever is trained: on which data, where to, how far."""

from tinygan import backend, data
from tinygan.cli import Option, one_of, path, whole_number

OPTIONS = {
    "data": Option(str, "NAME", ", ".join(data.names())),
    "data_dir": Option(path, "DIR", "look for data here and nowhere else"),
    "background": Option(str, "COLOUR", "of faces: what transparent pictures lie on, a name or "
        "#rrggbb (default white)"),
    "out": Option(path, "DIR", "the run folder (default runs/RECIPE)"),
    "backend": Option(one_of(*backend.NAMES), "NAME", f"{', '.join(backend.NAMES)} (default auto: "
        "cupy if a GPU answers, else numpy)"),
    "tf32": Option(None, None, "on a GPU: faster, less exact matrix products by its tensor cores "
        "(default: exact)"),
    "epochs": Option(whole_number(1), "N", "passes over the data"),
    "steps": Option(whole_number(1), "N", "end after N updates, or with the epochs where both are "
        "given and those end first"),
    "seed": Option(whole_number(0), "N", "start of all randomness (default 0)"),
    "limit": Option(whole_number(1), "N", "use only the first N images"),
    "sample_every": Option(whole_number(1), "EPOCHS", "a sheet of samples every so many epochs "
        "(default 1)"),
    "checkpoint_every": Option(whole_number(1), "EPOCHS", "save every so many epochs (default 1)"),
    "fd_every": Option(whole_number(0), "EPOCHS", "measure the Fréchet distance of samples to real "
        "images every so many epochs; 0 never (default: so rarely that it takes at most some 3 "
        "percent of the time, and never in a run of less than two minutes, on two cores, or with "
        "room for less than two)"),
    "keep_best": Option(None, None, "keep the weights of the lowest distance, too: --weights best "
        "of other commands takes them"),
}  # fmt: skip
