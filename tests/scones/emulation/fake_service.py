"""A service as small as it can be: answers its readiness, or does not, as told."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

port, state_dir, behaviour = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"ready": True, "pid": os.getpid(), "state_dir": state_dir}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if behaviour == "fails":
    print("the disk is made of cheese")
    sys.exit(3)
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if behaviour == "mute":
    time.sleep(600)
HTTPServer(("127.0.0.1", port), Handler).serve_forever()
