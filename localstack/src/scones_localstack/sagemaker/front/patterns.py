"""AWS's regular expressions, written for Java, as Python's."""

import re
from functools import cache

# Unicode classes that `re` lacks. \w and \s take in a little more than \p{L} and \p{Z} do: what
# AWS would accept is never refused here.
_CLASSES = {
    "L": r"\w",
    "N": r"\d",
    "Z": r"\s",
    "Alnum": "a-zA-Z0-9",
    "ASCII": r"\x00-\x7f",
    "Print": r"\x20-\x7e",
}
_TOKEN = re.compile(r"\\p\{(\w+)\}|\\z|\\.|\[|\]")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a Java pattern compiled for `fullmatch`.

    Args:
        pattern: as botocore's service model has it.
    """
    in_brackets = False

    def translate(match: re.Match[str]) -> str:
        nonlocal in_brackets
        part, name = match.group(0), match.group(1)
        if name:
            return _CLASSES[name] if in_brackets else f"[{_CLASSES[name]}]"
        if part in "[]":
            in_brackets = part == "["
        return r"\Z" if part == r"\z" else part

    return re.compile(_TOKEN.sub(translate, pattern))
