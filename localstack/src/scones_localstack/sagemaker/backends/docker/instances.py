"""How much of the machine an instance type gives to a container.

Sources: the instance details of https://aws.amazon.com/sagemaker/pricing/ and of
https://aws.amazon.com/ec2/instance-types/. AWS's types follow one rule: the size gives the vCPUs
(large 2, xlarge 4, Nxlarge 4 N), the family the memory for each vCPU. What does not is listed.
"""

import re
from dataclasses import dataclass

GIB = 1024**3

# Families by GiB of memory for each vCPU; the longest that a family begins with counts.
_FAMILIES = {
    1.875: ("c4",),
    2.0: ("c", "g5g", "inf1"),
    2.625: ("c5n",),
    4.0: ("g", "inf", "m", "t", "trn"),
    7.625: ("p3",),
    8.0: ("gr", "p3dn", "r"),
    2048 / 192: ("p5", "p6"),
    12.0: ("p4",),
    15.25: ("p2",),
}
_GIB_PER_VCPU = {family: gib for gib, families in _FAMILIES.items() for family in families}
_SIZES = {"medium": 2, "large": 2, "xlarge": 4}
_EXCEPTIONS = {
    "t2.medium": (2, 4.0),
    "t3.medium": (2, 4.0),
    "c4.8xlarge": (36, 60.0),
}


@dataclass(frozen=True)
class Share:
    """What a container may use.

    Attributes:
        cpus: processors.
        memory_bytes: memory, swap included.
    """

    cpus: int
    memory_bytes: int

    def __str__(self) -> str:
        return f"{self.cpus} vCPU and {self.memory_bytes / GIB:.1f} GiB"


def share_of(instance_type: str) -> Share | None:
    """Return what an instance type has, such as `ml.m5.xlarge`; None if it is not known."""
    family, dot, size = instance_type.removeprefix("ml.").partition(".")
    known = _EXCEPTIONS.get(f"{family}.{size}")
    if known is None:
        cpus = _cpus(size)
        begins = [name for name in _GIB_PER_VCPU if family.startswith(name)]
        if not (dot and cpus and begins):
            return None
        known = cpus, cpus * _GIB_PER_VCPU[max(begins, key=len)]
    return Share(known[0], int(known[1] * GIB))


def fitted(share: Share, machine: Share) -> Share:
    """Return a share, scaled down to the machine where that is smaller."""
    return Share(
        min(share.cpus, machine.cpus),
        min(share.memory_bytes, machine.memory_bytes),
    )


def _cpus(size: str) -> int:
    """Return the vCPUs of a size; 0 if it is none."""
    times = re.fullmatch(r"(\d+)xlarge", size)
    return 4 * int(times[1]) if times else _SIZES.get(size, 0)
