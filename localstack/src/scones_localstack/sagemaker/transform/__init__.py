"""Batch transform: objects in S3 come in, the model's answer to each goes out.

    S3 ─▶ object ─▶ records ─▶ requests ─▶ model server ─▶ answers ─▶ <object>.out ─▶ S3

operations   Create, Describe, List, Stop TransformJob
fields       what of a request is kept without effect, or refused
request      what a request may ask for
plan         how a job sends: strategy, payload and concurrency, from the request or the container
run          one job's run
objects      one input object: its records to the model, the answers in their order to a file
records      an object cut into records, records gathered into requests
association  what of a record goes to the model, and what of both comes out
jsonpath     the part of JSONPath that filters know
client       requests to the model server
capture      DataCaptureConfig: manifests of what went in and out
"""
