"""Untrusted text, such as the name of a file in an archive, inside a sentence for the user."""


def shown(text):
    """One line without control characters, of at most 80 characters."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 80 else f"{text[:40]}…{text[-39:]}"
