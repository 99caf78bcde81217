"""python -m tinygan.data fetch NAME: download a data set and verify it."""

import sys
from pathlib import Path

from tinygan.cli import Parser, exit_on_error, path
from tinygan.data import cifar10, download, fashion_mnist
from tinygan.errors import UserError

URL = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
MAX_BYTES = 48_000_000  # a little above the largest of the four, unpacked


def main(argv=None):
    parser = Parser(
        prog="python -m tinygan.data",
        description="Download a data set, verify it and put it where the recipes look for it.",
    )
    parser.add_argument("action", choices=["fetch"], help="what to do")
    parser.add_argument("name", help="the data set: fashion-mnist")
    parser.add_argument(
        "--data-dir", type=path, help="the folder to put it in, instead of the cache folder"
    )
    parser.add_argument("--url", default=URL, help=f"where the four .gz files are (default {URL})")
    args = parser.parse_args(argv)
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
    return 0


if __name__ == "__main__":
    exit_on_error(main)
