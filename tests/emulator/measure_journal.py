"""What the journal adds to S3: `python -m tests.emulator.measure_journal`.

Starts LocalStack with and without the journal, at the same time, and puts the same small objects
into both in turn; then kills the one with the journal and measures how long the restore takes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.emulator.running import READY_SECONDS, Emulator, wait_until

ROUNDS = 1500
RESTORED = 5000
BODY = os.urandom(3000)
WITHOUT = """
from scones_localstack import __main__, process
process.OWN_PROVIDERS = tuple(name for name in process.OWN_PROVIDERS if name != "s3")
__main__.main()
"""


def start_without(emulator: Emulator) -> Emulator:
    """Start LocalStack with its own S3."""
    command = [sys.executable, "-c", WITHOUT, "--port", str(emulator.port)]
    with emulator.log_path.open("ab") as log:
        emulator.process = subprocess.Popen(
            [*command, "--state-dir", str(emulator.state_dir)], stdout=log, stderr=log
        )
    wait_until(lambda: emulator.get("/_scones/ready")[0] == 200, READY_SECONDS, "readiness")
    return emulator


def put_milliseconds(s3: Any, key: str) -> float:
    start = time.perf_counter()
    s3.put_object(Bucket="measured", Key=key, Body=BODY)
    return 1000 * (time.perf_counter() - start)


def compare(clients: dict[str, Any]) -> None:
    """Print medians of PutObject, new keys and replaced ones."""
    for what, keys in (("new key", ROUNDS), ("same 10 keys", 10)):
        times: dict[str, list[float]] = {name: [] for name in clients}
        for number in range(ROUNDS):
            for name, client in clients.items():
                times[name].append(put_milliseconds(client, f"{what}/{number % keys}"))
        for name, values in times.items():
            late = statistics.quantiles(values, n=20)[-1]
            print(f"{what:14} {name:18} p50 {statistics.median(values):6.3f} ms  p95 {late:6.3f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        own, plain = (Emulator(Path(folder) / name) for name in ("own", "plain"))
        try:
            own.start()
            start_without(plain)
            clients = {"with journal": own.client("s3"), "without": plain.client("s3")}
            for client in clients.values():
                client.create_bucket(Bucket="measured")
            compare(clients)
            with ThreadPoolExecutor(4) as pool:
                list(
                    pool.map(
                        lambda number: put_milliseconds(clients["with journal"], f"{number}"),
                        range(RESTORED - ROUNDS - 10),
                    )
                )
            own.kill()
            own.start()
            lines = own.log_path.read_text().splitlines()
            print(own.get("/_scones/ready")[1], *[line for line in lines if "restored" in line])
        finally:
            own.kill()
            plain.kill()


if __name__ == "__main__":
    main()
