"""Training jobs: a request comes in, a model.tar.gz in S3 comes out.

operations   Create, Describe, List, Stop TrainingJob: the record of a job
fields       what of a request is kept without effect, or refused
request      what a request may ask for, and what AWS adds to it
channels     the input data, into the hosts' folders or through pipes
streams      what flows through a channel in Pipe mode
pipes        named pipes, one for each epoch
instances    the containers of a job, started and ended together
artifacts    what they leave behind, merged into model.tar.gz
run          one job's run, stage by stage: Downloading, Training, Uploading, the end
metrics      the metrics that a job defines, or a built-in algorithm has
metric_tail  their values, found in the log as it grows
status       AWS's states and the transitions between them
"""
