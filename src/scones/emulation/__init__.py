"""The offline stack: three services on loopback, started, watched and stopped as child processes.

    Settings ──services──▶ three ServiceSpec ──stack──▶ up, down, status
                                                 └─process──▶ pid file, log, health of each

LocalStack emulates AWS, the SageMaker service trains and serves, the inbox receives the emails.
"""
