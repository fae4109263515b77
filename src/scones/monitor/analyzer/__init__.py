"""The monitoring container: what Model Monitor's analyzer does, under the same contract.

    variables ──job──▶ Job ──┬─ dataset ──▶ rows ──▶ data_quality ──┐
    /opt/ml/processing       └─ predictions ──▶ model_quality ──────┴─▶ results

A job of a schedule is given captures and a baseline, and leaves statistics.json,
constraint_violations.json, metrics for CloudWatch and a message. A baselining job is given a
dataset, and leaves statistics.json and constraints.json. AWS's own analyzer does the same on the
same files; source: "Container Contract Inputs" and "Outputs" in the SageMaker developer guide.
"""
