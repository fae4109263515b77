"""What an image shows: one class index, or of several classes each whether it is there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Label = int | tuple[int, ...]  # a class index; or a 1 for each class that is there, else a 0


@dataclass(frozen=True)
class LabelForm:
    """How labels are written in a job.

    Attributes:
        num_classes: a class index is below.
        multi_label: an image has several labels.
        class_ids: several labels are written as a list of indices; else as zeros and ones.
    """

    num_classes: int
    multi_label: bool
    class_ids: bool = False

    @property
    def columns(self) -> int:
        """How many columns of a list file a label takes."""
        return self.num_classes if self.multi_label else 1

    def of_numbers(self, numbers: Sequence[Any]) -> Label:
        """Read a label from numbers, or texts of numbers, as list files and records have them.

        Raises:
            ValueError: they are not a label.
        """
        if not self.multi_label:
            if len(numbers) != 1:
                raise ValueError(f"{len(numbers)} labels, not 1 (multi_label is 0)")
            return self._index(numbers[0])
        if self.class_ids:
            shown = {self._index(number) for number in numbers}
            return tuple(int(index in shown) for index in range(self.num_classes))
        if len(numbers) != self.num_classes:
            raise ValueError(f"{len(numbers)} labels, not num_classes={self.num_classes}")
        return tuple(self._zero_or_one(number) for number in numbers)

    def of_json(self, text: str) -> Label:
        """Read a label as an augmented manifest has it: a number, or a list of numbers.

        Raises:
            ValueError: it is neither.
        """
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError(f"label {text!r} is not a number or a list of numbers") from None
        if isinstance(value, str):
            value = [value]
        return self.of_numbers(value if isinstance(value, list) else [value])

    def _index(self, number: Any) -> int:
        try:
            index = float(number)  # im2rec writes 0.000000
        except (TypeError, ValueError):
            raise ValueError(f"class index {number!r} is not a number") from None
        if not index.is_integer() or not 0 <= index < self.num_classes:
            raise ValueError(f"class index {number} is not from 0 to {self.num_classes - 1}")
        return int(index)

    def _zero_or_one(self, number: Any) -> int:
        try:
            if float(number) in (0, 1):
                return int(float(number))
        except (TypeError, ValueError):
            pass
        raise ValueError(f"label {number!r} is not 0 or 1")
