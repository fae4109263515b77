"""The images' HEALTHCHECK: `python -m scones_localstack.healthcheck PORT` asks for readiness."""

import sys
import urllib.error
import urllib.request

ANSWER_SECONDS = 4.0


def main(port: int) -> int:
    """Return 0 if the service on this port of loopback says that it is ready, else 1."""
    url = f"http://127.0.0.1:{port}/_scones/ready"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
            return int(answer.status != 200)
    except (urllib.error.URLError, TimeoutError) as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
