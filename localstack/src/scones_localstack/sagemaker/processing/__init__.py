"""Processing jobs: a program runs once over folders that come from S3 and go there.

    S3 ─▶ /opt/ml/processing/<input> ─▶ program ─▶ /opt/ml/processing/<output> ─▶ S3

operations   Create, Describe, List, Stop ProcessingJob
fields       what of a request is kept without effect, or refused
request      what a request may ask for
contract     /opt/ml of a processing container: paths and the two files in config
run          one job's run
"""
