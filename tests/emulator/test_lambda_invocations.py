"""Functions as processes: what they see, and what an invocation comes to."""

import base64
import contextlib
import json
import os
import socket
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.emulator.running import ROLE_ARN, wait_until, zip_of

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def invoke(emulator):
    """Invoke a function; returns the function error, the document and the log lines."""
    client = emulator.client("lambda")

    def call(name, event=None, **arguments):
        answer = client.invoke(
            FunctionName=name, Payload=json.dumps(event), LogType="Tail", **arguments
        )
        logs = base64.b64decode(answer["LogResult"]).decode()
        return answer.get("FunctionError"), json.loads(answer["Payload"].read()), logs

    return call


def python(source):
    return textwrap.dedent(source)


def test_a_function_sees_aws_variables_and_its_own_and_none_of_the_callers(function, invoke):
    name = function(
        "import os\ndef handler(event, context): return dict(os.environ)",
        Environment={"Variables": {"THRESHOLD": "0.93"}},
        MemorySize=256,
    )

    _, seen, _ = invoke(name)

    assert seen["THRESHOLD"] == "0.93"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert seen["AWS_REGION"] == "us-east-1"
    assert seen["AWS_CONFIG_FILE"] == os.devnull
    assert seen["AWS_ACCESS_KEY_ID"] != "AKIAPERSONAL"
    assert not {"HOME", "AWS_PROFILE", "CALLERS_SECRET", "DEVELOP"} & seen.keys()
    assert not [name for name in seen if name.startswith(("LOCALSTACK", "SCONES"))]


def test_a_function_reaches_the_local_services_with_boto3_as_it_is(emulator, function, invoke):
    name = function(
        python(
            """
            import boto3, os
            def handler(event, context):
                boto3.client("s3").create_bucket(Bucket=event)
                return [
                    boto3.client("sagemaker-runtime").meta.endpoint_url,
                    boto3.client("sts").get_caller_identity()["Account"],
                ]
            """
        ),
        Timeout=20,
    )

    _, answer, _ = invoke(name, "made-by-a-function")

    assert answer == [emulator.sagemaker_url, "000000000000"]
    emulator.client("s3").head_bucket(Bucket="made-by-a-function")


def test_a_function_has_its_code_as_working_directory_and_a_temporary_folder(function, invoke):
    name = function(
        python(
            """
            import os, tempfile
            def handler(event, context):
                with tempfile.NamedTemporaryFile() as file:
                    file.write(b"x")
                return [os.listdir(), os.getcwd() == os.environ["LAMBDA_TASK_ROOT"], file.name]
            """
        )
    )

    _, (files, in_task_root, temporary), _ = invoke(name)

    assert "app.py" in files
    assert in_task_root
    assert "/lambda/environments/" in temporary


@pytest.mark.skipif(not AS_ROOT, reason="LocalStack does not run as root here")
def test_under_root_a_function_is_another_user_who_cannot_read_the_state(
    emulator, function, invoke
):
    name = function(
        python(
            """
            import os
            def handler(event, context):
                def readable(path):
                    try:
                        os.listdir(path)
                        return True
                    except OSError:
                        return False
                return [os.getuid(), os.getgroups(), [readable(path) for path in event]]
            """
        )
    )
    folders = [str(emulator.state_dir / "s3"), "/root/.ssh", "/root/.aws", "/usr"]

    _, (uid, groups, readable), _ = invoke(name, folders)

    assert uid == 65534
    assert groups == []
    assert readable == [False, False, False, True]


def test_a_function_imports_what_aws_brings_and_nothing_that_is_beside_localstack(function, invoke):
    name = function(
        python(
            """
            import importlib.util
            def handler(event, context):
                return [name for name in event if importlib.util.find_spec(name)]
            """
        )
    )

    _, found, _ = invoke(name, ["boto3", "urllib3", "localstack", "aiohttp", "psutil"])

    assert found == ["boto3", "urllib3"]


def test_an_error_has_aws_shape(function, invoke):
    name = function("def handler(event, context):\n    raise KeyError(event['missing'])")

    error, document, logs = invoke(name, {"missing": "bay"})

    assert error == "Unhandled"
    assert document.keys() == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert (document["errorType"], document["errorMessage"]) == ("KeyError", "'bay'")
    assert 'app.py", line 2, in handler\n    raise KeyError' in document["stackTrace"][-1]
    assert "[ERROR] KeyError: 'bay'" in logs


def test_a_timeout_has_aws_shape_and_replaces_the_process(function, invoke):
    name = function(
        python(
            """
            import os, subprocess, time
            def handler(event, context):
                child = subprocess.Popen(["sleep", "600"])
                print("PIDS", os.getpid(), child.pid, flush=True)
                time.sleep(event)
                return os.getpid()
            """
        ),
        Timeout=5,  # also for the successor, whose start is part of its invocation
    )

    error, document, logs = invoke(name, 600)
    pids = [int(pid) for pid in logs.split("PIDS ")[1].split("\n")[0].split()]

    assert error == "Unhandled"
    assert document["errorType"] == "Sandbox.Timedout"
    assert document["errorMessage"].endswith(" Error: Task timed out after 5.00 seconds")
    assert "Task timed out after 5.00 seconds" in logs
    assert "Status: timeout" in logs
    wait_until(lambda: not any(map(psutil.pid_exists, pids)), 60, "the end of process and child")
    error, successor, _ = invoke(name, 0)
    assert error is None
    assert successor not in pids


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_dies_is_an_exit_error_and_is_replaced(function, invoke, ending, reason):
    name = function(
        f"import os\ndef handler(event, context):\n    if event: {ending}\n    return 1"
    )

    error, document, logs = invoke(name, True)

    assert error == "Unhandled"
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith(f" Error: {reason}")
    assert reason in logs
    assert invoke(name, False)[:2] == (None, 1)


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        (
            "import nowhere",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nowhere'",
        ),
        (
            "def handler(:",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("raise RuntimeError('no model')", "RuntimeError", "no model"),
    ],
)
def test_a_handler_that_cannot_be_imported_is_the_answer(
    function, invoke, source, error_type, message
):
    name = function(source)

    for _ in range(2):  # the second time by a process of its own
        error, document, logs = invoke(name)
        assert error == "Unhandled"
        assert (document["errorType"], document["errorMessage"]) == (error_type, message)
        assert f"[ERROR] {error_type}" in logs


def test_a_module_that_exits_is_an_exit_error(function, invoke):
    name = function("exit(5)")

    error, document, _ = invoke(name)

    assert error == "Unhandled"
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith("exit status 5")


def test_an_answer_larger_than_lambda_passes_on_is_refused(function, invoke):
    name = function("def handler(event, context): return 'x' * event")

    assert invoke(name, 6_000_000)[0] is None
    error, document, _ = invoke(name, 6_300_000)
    assert (error, document["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")


def test_an_event_larger_than_lambda_takes_is_refused(emulator, function):
    name = function("def handler(event, context): return len(event)")
    client = emulator.client("lambda")

    answer = client.invoke(FunctionName=name, Payload=json.dumps("x" * 6_000_000))
    assert json.load(answer["Payload"]) == 6_000_000
    with pytest.raises(client.exceptions.RequestTooLargeException, match="6291456 bytes"):
        client.invoke(FunctionName=name, Payload=json.dumps("x" * 6_300_000))


def test_json_logs_have_a_level_and_a_request_id(function, invoke):
    name = function(
        "import logging\ndef handler(event, context):\n"
        "    logging.getLogger().info('seen')\n    logging.getLogger().debug('unseen')",
        LoggingConfig={"LogFormat": "JSON"},
    )

    _, _, logs = invoke(name)

    (line,) = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    assert (line["level"], line["message"]) == ("INFO", "seen")
    assert line["requestId"] in logs.splitlines()[0]


def test_log_lines_reach_cloudwatch_from_start_to_report(emulator, function, invoke):
    name = function(
        "import sys\nprint('importing')\ndef handler(event, context):\n    print('seen', event)\n"
        "    print('trouble', file=sys.stderr)",
    )
    invoke(name, 7)
    invoke(name, 8)
    logs = emulator.client("logs")

    def messages():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        lines = [event["message"].rstrip("\n") for event in events]
        return lines if sum(line.startswith("REPORT") for line in lines) == 2 else None

    lines = wait_until(messages, 60, "the log lines")

    assert [line.split(" ")[0] for line in lines] == [
        *("importing", "START", "seen", "trouble", "END", "REPORT"),
        *("START", "seen", "trouble", "END", "REPORT"),
    ]
    first, second = (line for line in lines if line.startswith("REPORT"))
    for report in (first, second):
        fields = dict(field.split(": ") for field in report.split("\t") if field)
        assert fields["Memory Size"] == "128 MB"
        assert int(fields["Max Memory Used"].split()[0]) > 5
        assert float(fields["Duration"].split()[0]) <= int(fields["Billed Duration"].split()[0])
    assert "Init Duration: " in first
    assert "Init Duration: " not in second


def test_invocations_at_the_same_time_have_environments_of_their_own(function, invoke):
    name = function(
        "import os, socket\n"
        "def handler(event, context):\n"
        "    if event:\n        socket.create_connection(('127.0.0.1', event)).recv(1)\n"
        "    return os.getpid()"
    )
    # All four are at the gate before any goes on.
    with socket.create_server(("127.0.0.1", 0)) as gate, ThreadPoolExecutor(4) as pool:
        gate.settimeout(60)
        port = gate.getsockname()[1]
        answers = [pool.submit(invoke, name, port) for _ in range(4)]
        for arrived in [gate.accept()[0] for _ in range(4)]:
            arrived.close()
        pids = [answer.result()[1] for answer in answers]

    assert len(set(pids)) == 4
    assert invoke(name, 0)[1] in pids


def test_new_code_is_used_and_an_invocation_on_the_old_completes(emulator, function, invoke):
    name = function(
        "import subprocess\n"
        "def handler(event, context): return event and subprocess.run(['sleep', event]).returncode"
    )
    client = emulator.client("lambda")
    before = []
    running = threading.Thread(target=lambda: before.append(invoke(name, "1.5")))
    invoke(name)
    running.start()
    wait_until(lambda: _children_of(emulator, name), 60, "the slow invocation's start")

    code = zip_of({"app.py": "def handler(event, context): return 2"})
    client.update_function_code(FunctionName=name, ZipFile=code)
    client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200}
    )

    assert invoke(name)[:2] == (None, 2)
    running.join()
    assert before[0][:2] == (None, 0)


def _children_of(emulator, name):
    """What the processes of a function have started."""
    found = []
    for record in (emulator.state_dir / "lambda" / "processes").glob("*.json"):
        with contextlib.suppress(psutil.NoSuchProcess):  # an earlier test's function, ending now
            process = psutil.Process(int(record.stem))
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == name:
                found += process.children()
    return found


def test_layers_are_merged_in_order_and_come_before_the_standard_library(
    emulator, function, invoke
):
    client = emulator.client("lambda")

    def publish(layer, files):
        return client.publish_layer_version(LayerName=layer, Content={"ZipFile": zip_of(files)})

    first = publish(
        "first", {"python/one.py": "NAME = 'first'", "python/both.py": "NAME = 'first'"}
    )
    site = "python/lib/python3.13/site-packages"
    second = publish(
        "second", {"python/both.py": "NAME = 'second'", f"{site}/deep.py": "NAME = 'deep'"}
    )
    name = function(
        "import one, both, deep\n"
        "def handler(event, context): return [one.NAME, both.NAME, deep.NAME]",
        Layers=[first["LayerVersionArn"], second["LayerVersionArn"]],
    )

    assert invoke(name)[:2] == (None, ["first", "second", "deep"])


def test_a_module_named_like_the_standard_librarys_does_not_break_the_runtime(emulator, invoke):
    client = emulator.client("lambda")
    files = {"logging.py": "def handler(event, context): return 'mine'", "http.py": "1/0"}
    client.create_function(
        FunctionName="shadow",
        Role=ROLE_ARN,
        Code={"ZipFile": zip_of({**files, "app.py": "def handler(event, context): return 1"})},
        Runtime="python3.13",
        Handler="app.handler",
    )
    client.get_waiter("function_active_v2").wait(FunctionName="shadow")

    assert invoke("shadow")[:2] == (None, 1)
    client.delete_function(FunctionName="shadow")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"Runtime": "nodejs20.x", "Handler": "index.handler", "Code": {"ZipFile": zip_of({})}},
            r"Runtime nodejs20.x is not supported here: .* Use a python3\.\* runtime",
        ),
        (
            {"PackageType": "Image", "Code": {"ImageUri": "repository:tag"}},
            r"PackageType Image is not supported here: .* Deploy a Zip package",
        ),
    ],
)
def test_what_cannot_run_is_refused_at_create_function(emulator, settings, message):
    client = emulator.client("lambda")

    with pytest.raises(client.exceptions.InvalidParameterValueException, match=message):
        client.create_function(FunctionName="refused", Role=ROLE_ARN, **settings)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="refused")


def test_a_change_to_a_runtime_that_cannot_run_is_refused(emulator, function):
    client = emulator.client("lambda")
    name = function("def handler(event, context): return 1")

    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"ruby3\.4"):
        client.update_function_configuration(FunctionName=name, Runtime="ruby3.4")
