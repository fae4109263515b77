"""A SageMaker service of its own: the API, training jobs and endpoints, on loopback.

What flows in are the requests of any AWS client; what flows out are AWS's answers, models and
captures in S3 and logs in CloudWatch Logs::

    request ──▶ front        parsed and checked with botocore's own service model
                  │
                  ├─▶ training   CreateTrainingJob ...   one task per job, stage by stage
                  ├─▶ hosting    CreateEndpoint ...      one supervisor per model server
                  │     └─▶ InvokeEndpoint ─▶ model server ─▶ capture (spool ─▶ S3)
                  └─▶ tags
                  │
                store        what must survive a restart: SQLite, and files in the state folder
                backends     where containers run: as processes; one interface for more
                logs         log files on their way to CloudWatch Logs
                objects      S3, with patience for a LocalStack that restarts

One event loop runs all of it; what blocks (S3, archives) runs in threads. A family of operations
is a class whose `operations()` names what it answers, so a new family is a new module and one line
in `service`. Started with `python -m scones_localstack.sagemaker`.
"""
