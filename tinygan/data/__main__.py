"""python -m tinygan.data fetch NAME: download a data set and verify it."""

import sys
from pathlib import Path

from tinygan.cli import Parser, exit_on_error, next_line, path, unused
from tinygan.data import cifar10, download, fashion_mnist
from tinygan.errors import UserError

URL = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
MAX_BYTES = 48_000_000  # a little above the largest of the four, unpacked


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.name != "fashion-mnist":
        hints = {
            "cifar10": f"; get {cifar10.WHERE}",
            "faces": "; name a folder or a .zip of pictures with --data-dir when you train",
        }
        hint = hints.get(args.name, "")
        raise UserError(f"cannot fetch {args.name!r}: only fashion-mnist can be fetched{hint}")
    target = Path(args.data_dir or fashion_mnist.cache_dir() / "fashion-mnist")
    for name, sha256 in fashion_mnist.OFFICIAL.items():
        file = target / f"{name}.gz"
        url = f"{args.url.rstrip('/')}/{name}.gz"
        if not download.fetch(url, file, sha256, MAX_BYTES, progress=sys.stderr):
            print(f"{file.name} is already there and verified", file=sys.stderr)
    print(f"Fashion-MNIST is complete and verified in {target}")
    where = ["--data-dir", args.data_dir] if args.data_dir else []
    words = ["dcgan", "--data", args.name, *where, "--width", 16, "--epochs", 5]
    print(next_line("train with it", "tinygan.train", *words, "--out", unused("runs/whole")))
    return 0


def _parser():
    parser = Parser(
        prog="python -m tinygan.data",
        usage="%(prog)s fetch NAME [options]",
        description="Download a data set (30 MB), verify it by SHA-256 and put it where the "
        f"recipes look for it. It comes from {URL} unless --url names another place.",
        examples=("tinygan.data fetch fashion-mnist",),
    )
    add = parser.add_argument
    add("action", metavar="fetch", choices=["fetch"], help="download what is not there yet")
    add("name", metavar="NAME", help="the data set: fashion-mnist")
    add("--data-dir", metavar="DIR", type=path, help="the folder to put it in (default: in the "
        "user's cache folder)")  # fmt: skip
    add("--url", metavar="URL", default=URL, help="where the four .gz files are")
    return parser


if __name__ == "__main__":
    exit_on_error(main)
