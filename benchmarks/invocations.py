"""What InvokeEndpoint and a trivial job cost, and that no capture is lost: one run.

    .tox/emulator/bin/python -m benchmarks.invocations [--requests 1000] [--records 1000]

The same request goes to a model server itself, through the SageMaker service, and through
LocalStack's port, with data capture off and on, from 1, 8 and 32 clients; then again with many
records in the service's store. At last 10,000 captured invocations, the service killed in the
middle of them. Everything runs on a state folder and ports of its own. Prints one JSON document.
"""

import argparse
import asyncio
import collections
import json
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from tests.emulator.running import Emulator, wait_until
from tests.emulator.sagemaker.running import Service, Workbench, unique, variant
from tests.ports import free_port

BODY = bytes(3000)
CLIENTS = (1, 8, 32)
WARM_UP_REQUESTS = 50
LOSSLESS_INVOCATIONS = 10_000
# LocalStack tells services apart by the scope of the credentials; nobody checks the signature.
HEADERS = {
    "Content-Type": "image/png",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


async def load(url: str, clients: int, requests: int) -> list[float]:
    """Send requests from clients that each wait for an answer; return milliseconds of each."""
    durations: list[float] = []
    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as http:

        async def client(count: int) -> None:
            for _ in range(count):
                start = time.perf_counter()
                async with http.post(url, data=BODY) as reply:
                    reply.raise_for_status()
                    await reply.read()
                durations.append(1000 * (time.perf_counter() - start))

        await asyncio.gather(*(client(WARM_UP_REQUESTS // clients + 1) for _ in range(clients)))
        durations.clear()
        await asyncio.gather(*(client(requests // clients) for _ in range(clients)))
    return durations


def measured(url: str, clients: int, requests: int) -> dict[str, float]:
    """Return p50 and p99 in milliseconds."""
    cuts = statistics.quantiles(asyncio.run(load(url, clients, requests)), n=100)
    return {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}


def server_url(service: Service) -> str:
    """Return where the one model server that runs answers itself."""
    assert service.process
    [server] = psutil.Process(service.process.pid).children()
    [port] = {
        each.laddr.port
        for each in server.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    return f"http://127.0.0.1:{port}/invocations"


def capture_to(bench: Workbench) -> dict[str, Any]:
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bench.bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }


def compare(bench: Workbench, model: str, requests: int) -> dict[str, Any]:
    """Measure the three ways with capture off and on."""
    table: dict[str, Any] = {}
    for capture, options in (("off", {}), ("on", {"DataCaptureConfig": capture_to(bench)})):
        endpoint = bench.deploy(model, **options)
        ways = {
            "model server": server_url(bench.service),
            "service": f"{bench.service.url}/endpoints/{endpoint}/invocations",
            "localstack": f"{bench.emulator.url}/endpoints/{endpoint}/invocations",
        }
        for way, url in ways.items():
            for clients in CLIENTS:
                name = f"{way}, capture {capture}, clients {clients}"
                table[name] = measured(url, clients, requests)
        bench.delete(endpoint)
    return table


def trivial_job(bench: Workbench, rounds: int = 7) -> float:
    """Return the median time from CreateTrainingJob to Completed, in seconds."""
    durations = []
    for _ in range(rounds):
        start = time.perf_counter()
        bench.ended(bench.train())
        durations.append(time.perf_counter() - start)
    return round(statistics.median(durations), 2)


def fill(bench: Workbench, model: str, records: int) -> None:
    """Put endpoint configurations into the store."""
    for _ in range(records):
        bench.sagemaker.create_endpoint_config(
            EndpointConfigName=unique("record"), ProductionVariants=[variant("one", model)]
        )


def with_records(bench: Workbench, model: str, requests: int, records: int) -> dict[str, Any]:
    """Measure the service before and after its store has been filled."""
    endpoint = bench.deploy(model)
    url = f"{bench.service.url}/endpoints/{endpoint}/invocations"
    before = measured(url, 1, requests)
    fill(bench, model, records)
    after = measured(url, 1, requests)
    bench.delete(endpoint)
    return {"records": records, "before": before, "after": after}


async def insist(url: str, total: int, half_done: asyncio.Event) -> collections.Counter[str]:
    """Invoke until there were so many answers, each by its inference id; return what came back."""
    seen: collections.Counter[str] = collections.Counter()
    ids = iter(range(10 * total))
    async with aiohttp.ClientSession(headers=HEADERS) as http:

        async def client() -> None:
            while seen["answered"] < total:
                header = {"X-Amzn-SageMaker-Inference-Id": f"answered-{next(ids)}"}
                try:
                    async with http.post(url, data=BODY, headers=header) as reply:
                        seen["answered" if reply.status == 200 else "refused"] += 1
                        pause = 0 if reply.status == 200 else 0.1
                except aiohttp.ClientError:
                    seen["cut off"] += 1
                    pause = 0.1
                await asyncio.sleep(pause)
                if seen["answered"] >= total // 2:
                    half_done.set()

        await asyncio.gather(*(client() for _ in range(8)))
    return seen


def lossless(bench: Workbench, model: str) -> dict[str, Any]:
    """Invoke 10,000 times, killing the service halfway; count what was captured."""
    endpoint = bench.deploy(model, DataCaptureConfig=capture_to(bench))
    url = f"{bench.service.url}/endpoints/{endpoint}/invocations"

    async def run() -> collections.Counter[str]:
        half_done = asyncio.Event()
        invoking = asyncio.create_task(insist(url, LOSSLESS_INVOCATIONS, half_done))
        await half_done.wait()
        await asyncio.to_thread(bench.service.signal, signal.SIGKILL)
        await asyncio.to_thread(bench.service.start)
        return await invoking

    seen = asyncio.run(run())
    prefix = f"capture/{endpoint}/"

    def captured() -> int:
        paginator = bench.s3.get_paginator("list_objects_v2")
        pages = paginator.paginate(Bucket=bench.bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sum(bench.get(f"s3://{bench.bucket}/{key}").count(b"\n") for key in keys)

    wait_until(lambda: captured() >= seen["answered"], 60, "the last capture's arrival in S3")
    return {**seen, "captured": captured()}


def main() -> None:
    """Start the parts, measure, print, and stop them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000, help="of each measurement")
    parser.add_argument("--records", type=int, default=1000, help="to put into the store")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        emulator = Emulator(Path(folder) / "localstack", f"http://127.0.0.1:{port}").start()
        service = Service(Path(folder) / "state", emulator, port=port)
        try:
            emulator.client("s3").create_bucket(Bucket=(bucket := unique("bucket")))
            bench = Workbench(service.start(), emulator, bucket)
            model = bench.model()
            result = {
                "trivial training job, seconds": trivial_job(bench),
                "invocations": compare(bench, model, options.requests),
                "records": with_records(bench, model, options.requests, options.records),
                "lossless": lossless(bench, model),
            }
            print(json.dumps(result, indent=2))
        finally:
            service.stop()
            emulator.kill()


if __name__ == "__main__":
    main()
