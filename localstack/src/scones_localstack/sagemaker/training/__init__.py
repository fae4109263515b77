"""Training jobs: a request comes in, a model.tar.gz in S3 comes out.

operations   Create, Describe, List, Stop TrainingJob: the record of a job
request      what a request may ask for, and what AWS adds to it
instances    the containers of a job, started and ended together
artifacts    what they leave behind, merged into model.tar.gz
run          one job's run, stage by stage: Downloading, Training, Uploading, the end
channels     the input data, from S3 into the container's folder
metrics      figures that regular expressions find in the log
status       AWS's states and the transitions between them
"""
