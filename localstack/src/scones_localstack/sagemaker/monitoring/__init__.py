"""Model Monitor: schedules that check what endpoints capture, each time with a processing job.

    MonitoringSchedule ── due ──▶ MonitoringExecution ──▶ ProcessingJob (Model Monitor's contract)
          ▲                             ▲                        │
    job definition                      └── status, exit message ┘──▶ CloudWatch

expression   when a schedule is due, and which span of time an execution looks at
jobs         what a monitoring job is, whichever of three ways it was asked for
definitions  Create, Describe, List, Delete DataQuality- and ModelQualityJobDefinition
captures     which hours of an endpoint's captures, and of ground truth, there are in S3
contract     the processing job of an execution: inputs, outputs, variables
executions   the executions' records, kept in step with their jobs
schedules    Create, Describe, List, Update, Delete, Start, Stop MonitoringSchedule
run          one execution: from its captures to its processing job
timetable    starts what is due, after a restart too
metrics      what a container has left for CloudWatch
family       the parts put together
fields       what of a request is kept without effect, or refused
"""
