"""AWS's regular expressions, written for Java, as Python's."""

import re
from functools import cache

# Unicode classes that `re` lacks. These take in more than \p{L}, \p{M} and so on do: what AWS would
# accept is never refused here.
_BEYOND_ASCII = r"\x80-\U0010ffff"
_MARKS = r"!-/:-@\[-`{-~" + _BEYOND_ASCII
_CLASSES = {
    "L": r"\w",
    "M": _BEYOND_ASCII,
    "N": r"\d",
    "P": _MARKS,
    "S": _MARKS,
    "Z": r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    "Alnum": "a-zA-Z0-9",
    "ASCII": r"\x00-\x7f",
    "Print": r"\x20-\x7e",
}
# Java writes what is beyond 16 bits as two; Python has one character for it.
_JAVAS_PAIRS, _PAIRS = r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010ffff"
_TOKEN = re.compile(r"\\p\{(\w+)\}|\\z|\\.|\[|\]|\$(?=\{)")


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
        # `re` repeats no anchor, unless it is in a group.
        return {r"\z": r"\Z", "$": "(?:$)"}.get(part, part)

    return re.compile(_TOKEN.sub(translate, pattern.replace(_JAVAS_PAIRS, _PAIRS)))
