"""python -m tinygan.watch RUN: a run's page in the browser, renewed as the run trains."""

import time

from tinygan.cli import Parser, exit_on_error, path, whole_number
from tinygan.report.server import PageServer
from tinygan.runs.config import read_config


def main(argv=None):
    args = _parser().parse_args(argv)
    read_config(args.run)  # a UserError now, and not in the browser
    server = PageServer(args.run, args.port or 0).start()
    print(f"{args.run} is shown at {server.address}", flush=True)
    print("next, in a browser on this computer: open that address; Ctrl-C ends this", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        server.close()
        print("the page is served no longer; the run goes on, if it was training")
    return 0


def _parser():
    parser = Parser(
        prog="python -m tinygan.watch",
        usage="%(prog)s RUN [options]",
        description="Show a run's page on this computer (127.0.0.1) until Ctrl-C. While the run "
        "trains, in another terminal, the page renews itself. Nothing but the page is served, to "
        "this computer alone, and nothing is written. python -m tinygan.train … --watch does the "
        "same from within the training.",
        examples=("tinygan.watch runs/dcgan",),
    )
    add = parser.add_argument
    add("run", metavar="RUN", type=path, help="the run folder")
    add("--port", metavar="N", type=whole_number(1, 65535), help="of the address (default: a free "
        "one)")  # fmt: skip
    return parser


if __name__ == "__main__":
    exit_on_error(main)
