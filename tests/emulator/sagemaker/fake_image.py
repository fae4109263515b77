"""A container image that does as it is told, with nothing but the standard library.

`train` is told by hyperparameters, of which `algo-2.fail` is for that host alone, `serve` by
environment variables and by what it is sent.
"""

import json
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(os.environ["SAGEMAKER_BASE_DIR"])
STUBBORN_CHILD = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"
)


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "input/config" / name).read_text())
    return document


def told_to_this_host() -> dict[str, str]:
    told = read("hyperparameters.json")
    own = f"{read('resourceconfig.json')['current_host']}."
    return told | {key.removeprefix(own): told[key] for key in told if key.startswith(own)}


def train() -> None:
    told = told_to_this_host()
    signal.signal(signal.SIGTERM, on_sigterm)
    (ROOT / "model/weights").write_text(told.get("weights", "trained"))
    for name in told.get("leave", "").split():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(read("resourceconfig.json")["current_host"])
    if "stubborn_child" in told:
        child = subprocess.Popen([sys.executable, "-c", STUBBORN_CHILD])
        print(f"child {child.pid}")
    if "show" in told:
        print(json.dumps(surroundings()))
    for line in told.get("print", "").split("|"):
        print(line)
    for number in range(int(told.get("lines", "0"))):
        print(f"line {number}")
    if "output" in told:
        (ROOT / "output/data/plot.txt").write_text(told["output"])
    if "allocate_gib" in told:
        size = int(float(told["allocate_gib"]) * 2**30)
        ballast = mmap.mmap(-1, size)
        ballast.madvise(mmap.MADV_HUGEPAGE)  # Far fewer page faults.
        for start in range(0, size, mmap.PAGESIZE):
            ballast[start] = 1
        print(f"allocated {size} bytes")
    if "hostile" in told:
        leave_hostile_files(ROOT / "model")
    if "burn" in told:
        end = time.process_time() + float(told["burn"])
        while time.process_time() < end:
            pass
    if "pipe" in told:
        for number in range(int(told.get("epochs", "1"))):
            pipe = ROOT / f"input/data/{told['pipe']}_{number}"
            content = pipe.read_bytes()
            print(f"epoch {number}: {content.hex() if 'hex' in told else content.decode()}")
    if "checkpoint" in told:
        folder = ROOT / told.get("checkpoints", "checkpoints")
        print("found", *sorted(path.name for path in folder.rglob("*") if path.is_file()))
        (folder / "deep").mkdir(exist_ok=True)
        (folder / "deep" / told["checkpoint"]).write_text(told["checkpoint"])
    if "fail" in told:
        (ROOT / "output/failure").write_text(told["fail"])
        sys.exit(int(told.get("code", "1")))
    for number in range(int(told.get("ticks", "0"))):
        print(f"tick {number}")
        time.sleep(0.1)
    print("waiting")
    deadline = time.monotonic() + float(told.get("sleep", "0"))
    while time.monotonic() < deadline:
        time.sleep(0.02)


def leave_hostile_files(model: Path) -> None:
    """Leave what must not come out of a container, and one link that may."""
    (model / "passwords").symlink_to("/etc/passwd")
    (model / "up").symlink_to("../../../..")
    os.mkfifo(model / "pipe")
    (model / "latest").symlink_to("weights")


def on_sigterm(number: int, frame: FrameType | None) -> None:
    told = told_to_this_host()
    print("SIGTERM")
    (ROOT / "model/weights").write_text("half trained")
    if "stubborn" not in told:
        sys.exit(0)


def surroundings() -> dict[str, Any]:
    """What the container contract gave, for the test to compare."""
    config = ROOT / "input/config"
    data = ROOT / "input/data"
    return {
        "config": {path.name: json.loads(path.read_text()) for path in config.iterdir()},
        "files": {
            str(path.relative_to(data)): path.read_text()
            for path in sorted(data.rglob("*"))
            if path.is_file()
        },
        "environment": dict(os.environ),
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/execution-parameters" and "PARAMETERS" in os.environ:
            self.answer(200, os.environ["PARAMETERS"].encode(), "application/json")
            return
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self) -> None:
        body = self.read_body()
        if body == b"crash":
            os._exit(3)
        if body.startswith(b"slow"):
            time.sleep(float(body[4:] or b"30"))
        if body.startswith(b"status "):
            self.answer(int(body.split()[1]), b"cannot read this")
            return
        if "ANSWER" in os.environ:
            self.answer(*batch_answer(body, dict(self.headers)))
            return
        if body.startswith(b"bytes "):
            self.answer(200, bytes(int(body.split()[1])))
            return
        if body.startswith(b"stream "):
            self.stream(*body.decode().split()[1:])
            return
        accept = self.headers.get("Accept")
        if accept == "application/octet-stream":
            self.answer(200, body, accept)
            return
        document = {
            "pid": os.getpid(),
            "bytes": len(body),
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "weights": (ROOT / "model/weights").read_text(),
            "told": os.environ.get("TOLD"),
        }
        self.answer(200, json.dumps(document).encode(), "application/json")

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def stream(self, count: str, seconds: str, then: str = "") -> None:
        """Answer in so many parts, with a pause after each."""
        self.begin(200, "text/plain", {"Transfer-Encoding": "chunked"})
        for number in range(int(count)):
            part = f"part {number}\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
            time.sleep(float(seconds))
        if then == "crash":
            os._exit(3)
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
        self.begin(status, content_type, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def begin(self, status: int, content_type: str, more: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in more.items():
            self.send_header(name, value)
        if "X-Amzn-SageMaker-Custom-Attributes" in self.headers:
            told = self.headers["X-Amzn-SageMaker-Custom-Attributes"]
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", told.upper())
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


IN_FLIGHT = threading.Semaphore(int(os.environ.get("MAX_IN_FLIGHT", "1000")))
SEEN: set[bytes] = set()


def batch_answer(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Answer as ANSWER says; more at once than MAX_IN_FLIGHT is an error."""
    if not IN_FLIGHT.acquire(blocking=False):
        return 400, b"too many at once"
    try:
        time.sleep(float(os.environ.get("SECONDS", "0")))
        if os.environ["ANSWER"] == "flaky" and body not in SEEN:
            SEEN.add(body)
            return 503, b"not yet"
        if os.environ["ANSWER"] == "length":
            return 200, b"".join(b"%d\n" % len(line) for line in body.splitlines())
        if os.environ["ANSWER"] == "show":
            batch = {name: os.environ[name] for name in os.environ if name.startswith("SAGEMAKER_")}
            return 200, json.dumps({"headers": headers, "environment": batch}).encode()
        return 200, body.upper()
    finally:
        IN_FLIGHT.release()


def serve() -> None:
    if "EXIT_AT_START" in os.environ:
        print("no model here")
        sys.exit(int(os.environ["EXIT_AT_START"]))
    time.sleep(float(os.environ.get("SLOW_START", "0")))
    host, port = os.environ["SCONES_BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    print(f"serving on {port}")
    server.serve_forever()


def process() -> None:
    print(json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ)}))


if __name__ == "__main__":
    {"train": train, "serve": serve, "process": process}[sys.argv[1]]()
