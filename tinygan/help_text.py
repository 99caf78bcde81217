"""How the text of --help is set: in the terminal's width, tables and commands left as they are."""

import argparse
import re
import shlex
import shutil
import textwrap

WIDEST = 100  # columns: longer lines are hard to read
_WHOLE_WORDS = {"break_long_words": False, "break_on_hyphens": False}


class Help(argparse.HelpFormatter):
    """Help in the terminal's width. No word is broken, and a text of several lines keeps those that
    are indented, as tables and commands are."""

    def __init__(self, prog, **settings):
        super().__init__(prog, **({"width": columns() - 2} | settings))

    def _fill_text(self, text, width, indent):
        lines = text.splitlines()
        return "\n".join(
            line if line.startswith(" ") else textwrap.fill(line, width, **_WHOLE_WORDS)
            for line in lines
        )

    def _split_lines(self, text, width):
        return textwrap.wrap(" ".join(text.split()), width, **_WHOLE_WORDS)


def columns():
    """How wide a text may be: as the terminal, if that is not too wide or too narrow to read."""
    return max(24, min(shutil.get_terminal_size().columns, WIDEST))


def two_columns(meanings):
    """A dict of texts as indented lines: the names, and beside them what they mean."""
    longest = max(map(len, meanings))
    return "\n".join(
        textwrap.fill(
            meaning,
            max(columns() - 2, longest + 24),
            initial_indent=f"  {name:<{longest}}  ",
            subsequent_indent=" " * (longest + 4),
            **_WHOLE_WORDS,
        )
        for name, meaning in meanings.items()
    )


def pasteable(command):
    """A command, indented; where the terminal is too narrow, in lines that end in a backslash."""
    if len(command) + 2 <= columns():
        return f"  {command}"
    words = [shlex.quote(word).replace(" ", "\0") for word in shlex.split(command)]
    whole = re.sub(r"( --\S+) (?!--)", "\\1\0", " ".join(words))  # keep an option and its value
    lines = textwrap.wrap(
        whole,
        columns() - 2,
        initial_indent="  ",
        subsequent_indent="      ",
        **_WHOLE_WORDS,
    )
    return " \\\n".join(lines).replace("\0", " ")
