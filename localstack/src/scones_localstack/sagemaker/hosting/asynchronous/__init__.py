"""InvokeEndpointAsync: a request is a file until its answer is in S3 and its message is out.

    InvokeEndpointAsync ─▶ file ─▶ input from S3 ─▶ model server ─▶ output to S3 ─▶ SNS ─▶ no file
                                                        └─▶ failure to S3 ─▶ SNS ─▶ no file

operation      the request checked, its output's place chosen, the file written
requests       the files, as a queue for each endpoint
worker         takes requests from the queues as the endpoints' servers have room
notification   AWS's messages to the success and error topics

A request whose service was killed in the middle is done again from the start: its output is written
under the same key, and its message may go out twice.
"""
