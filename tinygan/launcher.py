"""What starts several processes of one command (mpiexec, srun), and which of them speaks."""

import contextlib
import os
import sys

from tinygan.errors import RunError, UserError

# What launchers (MPICH's and Open MPI's mpiexec, Slurm's srun) tell the processes they start.
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")
_RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")


def started():
    """How many processes were started together, as far as the launcher says; 1 if there is none."""
    return max(_numbers(_SIZES), default=1)


def rank():
    """The number that a launcher has given this process, None if there is none."""
    return next(iter(_numbers(_RANKS)), None)


def refuse_several():
    """Raise UserError where several processes of a command were started that cannot share work."""
    if started() > 1:
        raise UserError(
            f"this is not shared among ranks, and each of the {started()} would do all of it: "
            "start it without mpiexec"
        )


@contextlib.contextmanager
def one_voice():
    """A with-block in which only the first of several processes prints, and says what is wrong."""
    if not rank():  # it is the first, or there is only one
        yield
        return
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            yield
        except (UserError, RunError) as error:
            raise SystemExit(error.exit_code) from None
        except (KeyboardInterrupt, MemoryError) as error:
            raise SystemExit(130 if isinstance(error, KeyboardInterrupt) else 1) from None


def tell(text):
    """A line on stderr, whoever speaks."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(text, file=sys.__stderr__, flush=True)


def _numbers(names):
    values = (os.environ.get(name, "") for name in names)
    return [int(value) for value in values if value.isascii() and value.isdigit()]
