"""The first sight of tinygan: python -m tinygan, every --help, and what each command says last."""

import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest

import tinygan
from benchmarks import __main__ as benchmarks
from tinygan import __main__ as overview
from tinygan import compare, evaluate, recipes, sample, train
from tinygan.cli import Parser
from tinygan.data import __main__ as data
from tinygan.data import fashion_mnist

ROOT = Path(tinygan.__file__).parent.parent
TINY = "--data fashion-mnist-subset --limit 40 --width 2 --batch-size 8 --steps 2"
HELP = [f"tinygan.{name}" for name in overview.COMMANDS] + ["benchmarks"]
HELP += [f"benchmarks {kind}" for kind in benchmarks.KINDS]


def main_of(module):
    """The function main of a command: "tinygan.data" -> tinygan.data.__main__.main."""
    found = importlib.import_module(module)
    return getattr(found, "main", None) or importlib.import_module(f"{module}.__main__").main


def helped(cli, command, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    module, *words = command.split()
    code, out, err = cli(main_of(module), " ".join([*words, "--help"]))
    assert (code, err) == (0, "")
    return out


# python -m tinygan


@pytest.mark.parametrize("words", ["", "--help", "-h"])
def test_the_commands_are_listed_a_line_each(cli, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "executable", "python")
    code, out, err = cli(overview.main, words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"tinygan {tinygan.__version__}: ")
    first = lines.index("commands:") + 1
    listed = lines[first : first + len(overview.COMMANDS)]
    assert [line.split()[0] for line in listed] == list(overview.COMMANDS)
    assert max(map(len, lines)) <= 80


def test_every_command_is_listed_and_is_there():
    """The commands are the modules of the package that can be run with python -m tinygan.NAME."""
    package = ROOT / "tinygan"
    files = [*package.glob("*.py"), *package.glob("*/__main__.py")]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.parent != ROOT}
    names = {
        file.parent.name if file.name == "__main__.py" else file.stem
        for file, text in texts.items()
        if "__name__ ==" in text and file != package / "__main__.py"
    }
    assert names == set(overview.COMMANDS)


def test_the_version_is_printed(cli):
    assert cli(overview.main, "--version") == (0, f"tinygan {tinygan.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "train dcgan --width 8",
            "write a dot before the command: python -m tinygan.train dcgan --width 8",
        ),
        ("data fetch x", "write a dot before the command: python -m tinygan.data fetch x"),
        ("trian dcgan", "there is no command 'trian': did you mean python -m tinygan.train?"),
        ("zzz", "there is no command 'zzz': python -m tinygan lists them"),
        ("--width 8", "there is no command '--width': python -m tinygan lists them"),
    ],
)
def test_a_space_for_a_dot_or_a_wrong_name_is_one_sentence(cli, monkeypatch, words, says):
    monkeypatch.setattr(sys, "executable", "python")
    code, out, err = cli(overview.main, words)
    assert (code, out) == (2, "")
    assert err == f"tinygan: {says}\n"


# --help


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("command", HELP)
def test_help_fits_the_terminal_and_ends_with_examples(cli, monkeypatch, command, columns):
    monkeypatch.setattr(sys, "executable", "python")
    out = helped(cli, command, columns, monkeypatch)
    usage, *_ = out.splitlines()
    assert re.fullmatch(rf"usage: python -m {command}( .+)?( \[options\])?", usage)
    for line in out.splitlines():
        too_long = len(line) > min(columns, 100)
        assert not too_long or " " not in line.strip() or line == usage, line
    for word in re.findall(r"(?:https?://|--)\S*-$", out, re.MULTILINE):
        raise AssertionError(f"{word} is broken")
    *_, examples = re.split(r"^examples?:\n", out, flags=re.MULTILINE)
    assert examples != out
    for example in commands_in(examples):
        assert example[:2] == ["python", "-m"]
        assert example[2].startswith(("tinygan", "benchmarks"))


def commands_in(text):
    """The command lines of a text as lists of words, as a shell would take them."""
    return [shlex.split(line) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("command", HELP)
def test_every_option_of_help_has_a_text_and_no_list_in_braces(cli, monkeypatch, command):
    out = helped(cli, command, 100, monkeypatch)
    assert not re.search(r"\{.*\}", out)
    entries = re.split(r"\n(?=  \S)", out.partition("\n\nexample")[0])
    options = [entry for entry in entries[1:] if entry.startswith("  -")]
    assert options
    for entry in options:
        assert re.search(r"\S {2,}\S|\n {6,}\S", entry.strip()), entry


class UnderstoodError(Exception):
    pass


@pytest.mark.parametrize("command", HELP)
def test_an_example_of_help_is_understood_by_its_command(cli, monkeypatch, command):
    out = helped(cli, command, 80, monkeypatch)
    *_, examples = re.split(r"^examples?:\n", out, flags=re.MULTILINE)
    understand = Parser.parse_args

    def parse(self, argv=None, *rest):
        understand(self, argv, *rest)
        raise UnderstoodError

    monkeypatch.setattr(Parser, "parse_args", parse)
    for _, _, module, *words in commands_in(examples):
        if module == "benchmarks":
            module, *words = f"benchmarks.{words[0]}", *words[1:]
        if "--help" not in words:
            with pytest.raises(UnderstoodError):
                main_of(module)(words)


# The last line


def next_words(out):
    """The command that the last line names, without the Python and -m."""
    last = out.splitlines()[-1]
    what, _, command = last.partition(": ")
    assert what.startswith("next, "), last
    _, minus_m, *words = shlex.split(command)
    assert minus_m == "-m"
    return words


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with small runs of dcgan, cgan and the classifier: its path."""
    folder = tmp_path_factory.mktemp("runs")
    for name, words in {
        "dcgan": TINY,
        "cgan": "--data fashion-mnist-subset --limit 600 --batch-size 16 --steps 1",
        "classifier": TINY.replace("--limit 40", "--limit 60"),
    }.items():
        train.main([name, "--out", str(folder / name), "--quiet", *words.split()])
    return folder


@pytest.mark.parametrize(
    ("words", "follows"),
    [
        ("dcgan", "dcgan"),
        ("dcgan --n 40 --out x.npz", "x.npz --data fashion-mnist-subset"),
        ("dcgan --n 5 --out x.npz", "dcgan"),  # too few to measure
        ("cgan --classes 1 --out x.png", "cgan --classes 1"),
        ("cgan --n 40 --out x", "x --data fashion-mnist-subset --classes 0,1"),
        ("cgan --n 40 --out x.npz", "x.npz --data fashion-mnist-subset"),
    ],
)
def test_sample_says_how_to_measure_what_it_drew_and_that_is_so(
    cli, runs, tmp_path, words, follows
):
    for name in ("dcgan", "cgan"):
        (tmp_path / name).symlink_to(runs / name)
    code, out, _ = cli(sample.main, words)
    assert code == 0
    assert next_words(out) == ["tinygan.evaluate", *follows.split()]
    if follows.startswith("x"):
        code, out, err = cli(evaluate.main, f"{follows} --n 40")
        assert code == 0, err
        assert next_words(out) == ["tinygan.train", "--list"]


def test_evaluate_and_compare_say_what_is_next_and_with_quiet_nothing(cli, runs, monkeypatch):
    monkeypatch.chdir(runs)
    for main, words, then in (
        (evaluate.main, "dcgan --n 40", ["tinygan.draw", "dcgan"]),
        (compare.main, "dcgan dcgan --n 40", ["tinygan.report", "dcgan"]),
        (evaluate.main, "classifier", ["tinygan.train", "--list"]),
    ):
        _, out, _ = cli(main, words)
        assert next_words(out) == then
        if words == "dcgan --n 40":
            continue  # it takes long
        _, quiet, _ = cli(main, f"{words} --quiet")
        assert out.startswith(quiet)
        assert len(out.splitlines()) == len(quiet.splitlines()) + 2  # an empty line before it


def test_the_list_of_recipes_is_followed_by_what_one_of_them_is(cli):
    _, out, _ = cli(train.main, "--list")
    assert next_words(out) == ["tinygan.train", "dcgan", "--about"]
    assert out.startswith(cli(train.main, "--list --quiet")[1])


@pytest.mark.parametrize("name", recipes.names())
def test_what_a_recipe_is_is_followed_by_a_training_that_it_understands(cli, tmp_path, name):
    options = {"gmm": "--components 3", "dcgan": "--width 8 --flip"}.get(name, "")
    _, out, _ = cli(train.main, f"{name} --about {options}")
    words = next_words(out)
    assert words[:2] == ["tinygan.train", name]
    for option in options.split():
        assert option in words
    args = train._parser().parse_args(words[1:])
    assert (args.recipe, args.epochs, args.out) == (name, 2, None)
    (tmp_path / "runs" / name).mkdir(parents=True)  # that run is there already
    _, out, _ = cli(train.main, f"{name} --about")
    assert next_words(out)[-2:] == ["--out", f"runs/{name}-2"]


def test_a_set_that_was_fetched_is_trained_with(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "OFFICIAL", {})
    _, out, _ = cli(data.main, "fetch fashion-mnist --data-dir there")
    words = next_words(out)
    args = train._parser().parse_args(words[1:])
    assert (args.recipe, args.data, args.data_dir) == ("dcgan", "fashion-mnist", "there")
    _, out, _ = cli(data.main, "fetch fashion-mnist")
    assert "--data-dir" not in next_words(out)


def test_a_benchmark_says_how_to_keep_its_results_and_then_what_else_there_is(cli, monkeypatch):
    monkeypatch.setattr("benchmarks.gmm.main", lambda argv: 0)
    assert next_words(cli(benchmarks.main, "gmm --dims 3")[1]) == (
        "benchmarks gmm --dims 3 --json gmm.json".split()
    )
    for words in ("--json x.json", "--json=x.json", "--plot x.png"):
        assert next_words(cli(benchmarks.main, f"gmm {words}")[1]) == ["benchmarks", "step"]


def test_each_next_kind_is_understood():
    assert set(benchmarks.NEXT) == set(benchmarks.KINDS) - {"gpu"}  # which has its own
    for _, words in benchmarks.NEXT.values():
        assert words.split()[0] in benchmarks.KINDS
