"""The options that shape a training, and what they mean. Each recipe takes some of them."""

from argparse import ArgumentTypeError

from tinygan.cli import Option, class_list, flag, one_of, positive_number, share, whole_number
from tinygan.errors import UserError
from tinygan.models.gmm import COVARIANCE_TYPES
from tinygan.training import gan_loss

PRIORS = ("normal", "gmm")


def standard_deviation(text):
    """An argparse type: a finite number above 0, or "he"."""
    if text == "he":
        return text
    try:
        return positive_number(text)
    except ArgumentTypeError:
        raise ArgumentTypeError(f"must be a finite number above 0, or he, got {text}") from None


# A recipe takes the options that it has a default for. None stands for "not used".
OPTIONS = {
    "width": Option(whole_number(1, 4096), "N", "how wide the layers are; narrower is faster"),
    "batch_size": Option(whole_number(2), "N", "images per update"),
    "lr": Option(positive_number, "X", "Adam's learning rate"),
    "lr_d": Option(positive_number, "X", "the discriminator's learning rate (default: --lr)"),
    "lr_g": Option(positive_number, "X", "the generator's learning rate (default: --lr)"),
    "d_steps": Option(whole_number(1, 1000), "K", "updates of the discriminator per update of G"),
    "loss": Option(
        one_of(*gan_loss.NAMES), "NAME", f"what the two minimise: {', '.join(gan_loss.NAMES)}"
    ),
    "label_smoothing": Option(share(1), "X", "real images get the target 1 - X"),
    "instance_noise": Option(
        share(10), "X", "add noise of this standard deviation to what D sees; it falls linearly"
    ),
    "instance_noise_until": Option(
        positive_number, "EPOCH", "the epoch at which that noise is gone (default: the end of the "
        "run)"
    ),
    "ema": Option(
        share(1), "DECAY", "draw with an average of the weights over some 1 / (1 - DECAY) updates "
        "of G, or of a flow (fewer while there are few): 0.999"
    ),
    "init_std": Option(
        standard_deviation, "X", "the standard deviation of the initial weights, but for each "
        "network's last layer: a number, or he for the square root of 2 / inputs (He et al. 2015)"
    ),
    "flip": Option(None, None, "mirror half of the training images left to right, drawn anew for "
        "each update"),
    "patience": Option(
        whole_number(0), "EPOCHS", "stop when the distance to the validation part has not fallen "
        "for so many epochs; 0 never does"
    ),
    "classes": Option(class_list, "A,B,…", "use only images with these labels"),
    "prior": Option(one_of(*PRIORS), "NAME", f"what codes are drawn from: {', '.join(PRIORS)}"),
    "guidance": Option(
        share(100), "S", "how strongly a flow follows the class: 0 ignores it, 1 is as the data "
        "have it, 3 exaggerates it"
    ),
    "ode_steps": Option(
        whole_number(1, 1000), "N", "steps of a flow from noise to image; they ask the network "
        "2 N - 1 times, with --guidance twice that"
    ),
    "flow_width": Option(whole_number(1, 4096), "N", "how wide a latent flow's layers are"),
    "code": Option(whole_number(1, 4096), "N", "numbers in a code"),
    "components": Option(whole_number(1, 100_000), "K", "components of the Gaussian mixture"),
    "dims": Option(whole_number(1, 100_000), "N", "principal components that are kept"),
    "covariance": Option(
        one_of(*COVARIANCE_TYPES), "KIND", "what a component's covariance may be: "
        f"{', '.join(COVARIANCE_TYPES)}"
    ),
    "reg_covar": Option(share(1000), "X", "added to every variance"),
}  # fmt: skip


# Of the commands that use a trained run.
WEIGHTS = {
    "weights": Option(
        one_of("best", "last", "average"), "NAME", "best: those of the lowest distance, kept by "
        "train --keep-best (and always by a cgan); last: those of the last update; average: "
        "their average, of train --ema (default: of cgan best, else average where there is one, "
        "else last)"
    )
}  # fmt: skip


def sizes(recipe):
    """The options that decide how much memory a recipe takes: "--width, --batch-size"."""
    names = ("width", "batch_size", "components", "dims", "code", "flow_width")
    return ", ".join(flag(name) for name in names if name in recipe.options)


def stored_options(recipe, options, where):
    """The options of a stored run, and what the earlier edition did where it did not have one yet.

    Raises UserError when `options`, read from the file `where`, are not those of the recipe.
    """
    earlier = {
        "flip": recipe.name == "classifier",
        "instance_noise_until": None,
        "patience": 20,
        "init_std": "he",
    }
    later = recipe.options.keys() - options.keys()
    options = options | {n: v for n, v in earlier.items() if n in later}
    wrong = options.keys() ^ recipe.options.keys()
    wrong |= {n for n, v in options.items() if v is None and recipe.options.get(n) is not None}
    wrong |= {n for n, v in options.items() if not _is_possible(n, v)}
    if wrong:
        raise UserError(
            f"{where} is damaged: its option {min(wrong)} does not fit the recipe {recipe.name}"
        )
    return options


def _is_possible(name, value):
    """Whether the command line could have made this value of the option."""
    if name not in OPTIONS or value is None:
        return name in OPTIONS
    if OPTIONS[name].read is None:
        return type(value) is bool
    try:
        same = OPTIONS[name].read(str(value))
    except ArgumentTypeError:
        return False
    return type(same) is type(value) and same == value
