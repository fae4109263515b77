"""What jobs of every kind have in common: a request becomes a record and a run, and ends.

names    how a family of jobs is called in AWS's API
record   AWS's states, times and FailureReason in a job's record
run      one job's run: stages, stop, end
family   Create, Describe, List and Stop; recovery after a kill; the service's own end
"""
