"""What the service adds to an invocation: `python -m tests.emulator.sagemaker.measure_invocation`.

Starts a LocalStack, a service and the fake image's server, and compares the same request sent to
the model server itself and, with boto3, through the service.
"""

import http.client
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.emulator.running import Emulator
from tests.emulator.sagemaker.running import Service, Workbench, unique

ROUNDS = 1000
BODY = bytes(3000)


def timed(name: str, action: Callable[[], object]) -> float:
    """Print the median and the 95th percentile of an action, in milliseconds."""
    durations = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        durations.append(1000 * (time.perf_counter() - start))
    median, late = statistics.median(durations), statistics.quantiles(durations, n=20)[-1]
    print(f"{name:30} p50 {median:6.2f} ms   p95 {late:6.2f} ms")
    return median


def server_port(service: Service) -> int:
    assert service.process
    [server] = psutil.Process(service.process.pid).children()
    listening = server.net_connections("inet")
    return next(each.laddr.port for each in listening if each.status == psutil.CONN_LISTEN)


def measure(bench: Workbench) -> None:
    start = time.perf_counter()
    artifact = bench.ended(bench.train())["ModelArtifacts"]["S3ModelArtifacts"]
    print(f"{'trivial training job':30} {time.perf_counter() - start:.2f} s")
    model = bench.model(artifact)
    start = time.perf_counter()
    plain = bench.deploy(model)
    print(f"{'endpoint to InService':30} {time.perf_counter() - start:.2f} s")

    direct = http.client.HTTPConnection("127.0.0.1", server_port(bench.service))

    def straight() -> None:
        direct.request("POST", "/invocations", BODY, {"Content-Type": "image/png"})
        direct.getresponse().read()

    def through(name: str) -> Callable[[], object]:
        return lambda: bench.invoke(name, BODY, ContentType="image/png")

    base = timed("model server itself", straight)
    service = timed("through the service, boto3", through(plain))
    direct.close()
    bench.delete(plain)
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bench.bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    captured = timed("the same, captured", through(bench.deploy(model, DataCaptureConfig=capture)))
    print(f"added: {service - base:.2f} ms, with capture {captured - base:.2f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder) / "localstack").start()
        service = Service(Path(folder) / "state", emulator)
        try:
            bucket = unique("bucket")
            emulator.client("s3").create_bucket(Bucket=bucket)
            measure(Workbench(service.start(), emulator, bucket))
        finally:
            service.stop()
            emulator.kill()


if __name__ == "__main__":
    main()
