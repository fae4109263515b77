"""One input object: its records to the model, the answers, in their order, to a file."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scones_localstack.sagemaker.transform.association import Association
from scones_localstack.sagemaker.transform.client import ModelClient
from scones_localstack.sagemaker.transform.plan import SendingPlan
from scones_localstack.sagemaker.transform.records import Record, gathered, opened, split


@dataclass(frozen=True)
class ObjectTransform:
    """How every object of a job is transformed.

    Attributes:
        client: the model server.
        plan: how records travel.
        association: what of them, and what comes out.
        split_type: AWS's SplitType.
        compressed: whether objects are gzip files.
        by_line: AssembleWith is Line.
    """

    client: ModelClient
    plan: SendingPlan
    association: Association
    split_type: str
    compressed: bool
    by_line: bool

    async def transform(self, source: Path, target: Path) -> None:
        """Write what comes out for an object.

        Raises:
            RecordError, AssociationError, RefusedError: it cannot be transformed.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        waiting: deque[asyncio.Task[bytes]] = deque()
        try:
            with opened(source, compressed=self.compressed) as file, target.open("wb") as output:
                batches = self._batches(split(file, self.split_type))
                while batch := await asyncio.to_thread(next, batches, None):
                    if len(waiting) >= self.plan.concurrent:
                        output.write(await waiting.popleft())
                    waiting.append(asyncio.create_task(self._answers(batch)))
                while waiting:
                    output.write(await waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()

    @property
    def _many(self) -> bool:
        return self.plan.many and self.split_type != "None"

    def _batches(self, records: Iterator[Record]) -> Iterator[list[Record]]:
        return gathered(records, many=self._many, max_bytes=self.plan.max_bytes)

    async def _answers(self, batch: Sequence[Record]) -> bytes:
        answer = await self.client.send(self._body(batch))
        outputs = self.association.outputs([record.content for record in batch], answer)
        if self.by_line:
            outputs = [output.removesuffix(b"\n") + b"\n" for output in outputs]
        return b"".join(outputs)

    def _body(self, batch: Sequence[Record]) -> bytes:
        if not self.association.filters_input:
            return b"".join(record.framed if self._many else record.content for record in batch)
        asked = [self.association.asked(record.content) for record in batch]
        return b"".join(record + b"\n" for record in asked) if self._many else asked[0]
