"""How gunicorn serves the site: `gunicorn --config python:scones.web.serving scones.web.wsgi`.

One process with threads: the rate limit counts in memory, and the work is waiting for the API.
"""

import os

bind = f"{os.environ.get('SCONES_WEB_BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = 1
threads = int(os.environ.get("SCONES_WEB_THREADS", "16"))
worker_class = "gthread"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
timeout = 60
graceful_timeout = 20
keepalive = 5
limit_request_line = 4094
accesslog = "-"
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(M)sms"  # no query, no address, no cookie
control_socket_disable = True
