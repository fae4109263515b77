"""The functions of the workflow: one self-contained module each, as it runs in AWS Lambda.

What flows in is a reference to a photo in S3; what flows out is a routing decision:

    {"s3_bucket", "s3_key"}                                from Step Functions
      └─ serialize_image    + image_data, inferences: []   reads S3
          └─ classify_image    + inferences                asks the SageMaker endpoint
              └─ filter_confidence    + predicted_class, confidence, loading_bay, order_range
                                      or THRESHOLD_CONFIDENCE_NOT_MET

A module uses the standard library and boto3 only, because it is uploaded alone. What two of them
need, such as reading the event, therefore stands in both. Each accepts its payload at top level or
under `body` (a document or its JSON text) and answers in the same form. Each logs one JSON line per
invocation; the `correlation_id` in it is made by the first function, unless the input has one, and
travels with the payload, into the endpoint's captures and into the notification.
"""
