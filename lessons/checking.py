"""Which exercises are right: each function of exercises/NN.py is given to the function of the same
name in checks/NN.py, which asserts what must hold. The text of an assertion is a hint.
"""

import importlib.util
import inspect
import traceback
from pathlib import Path

from tinygan.errors import UserError, first_line

HERE = Path(__file__).parent


def numbers():
    """The numbers of the lessons, ["01", "02", …], and what stands beside one, "19b"."""
    return sorted(path.name.partition("_")[0] for path in HERE.glob("[0-9][0-9]*_*.py"))


def exercises():
    """The numbers of the lessons that have exercises."""
    return sorted(path.stem for path in (HERE / "checks").glob("*.py"))


def check(number, folder):
    """Print a line for each exercise of a lesson. Returns 0 if all are right, else 1.

    folder: "exercises", which the reader fills in, or "answers". Raises UserError when the file
    cannot be loaded.
    """
    path = HERE / folder / f"{number}.py"
    solutions, checks = _load(path), _load(HERE / "checks" / f"{number}.py")
    lines = [
        (name, verdict(getattr(solutions, name, None), test, path))
        for name, test in _functions(checks).items()
    ]
    for i, (name, said) in enumerate(lines, 1):
        print(f"{i}. {name}: {said}")
    right = sum(said == "right" for _, said in lines)
    print(f"{right} of {len(lines)} are right")
    if right < len(lines):
        print(f"fill in {_shown(path)}; the answers: {_shown(HERE / 'answers' / path.name)}")
    return 0 if right == len(lines) else 1


def verdict(function, test, path):
    """ "right", or what is missing. test: function -> None; raises AssertionError with a hint."""
    if function is None:
        return f"{path.name} no longer has this function"
    try:
        test(function)
    except NotImplementedError:
        return "to be filled in"
    except AssertionError as error:
        return f"not yet. {str(error).partition(chr(10))[0] or _trouble(error, path)}"
    except (Exception, SystemExit) as error:
        return _trouble(error, path)
    return "right"


def _trouble(error, path):
    """What an exception says, and the last line of the reader's file that it went through."""
    what = f"{type(error).__name__}: {first_line(error)}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == path]
    return f"line {lines[-1]} of {path.name} raises {what}" if lines else f"it gives {what}"


def _load(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise UserError(f"there is no {_shown(path)}: get it back from the repository") from None
    except SyntaxError as error:
        where = f"line {error.lineno} of {_shown(path)}"
        raise UserError(f"{where} is not Python: {first_line(error.msg)}") from None
    except (Exception, SystemExit) as error:
        raise UserError(f"{_shown(path)} cannot be loaded: {_trouble(error, path)}") from None
    return module


def _functions(module):
    """The public functions that a module defines, in the order of its lines."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_"
    }


def _shown(path):
    return path.relative_to(HERE.parent)
