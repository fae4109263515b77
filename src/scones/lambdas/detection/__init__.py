"""The functions behind the REST API: photos in; objects, pictures with boxes, or classes out.

    POST /uploads ─▶ answer_request ─▶ a form, status WAITING
    uploads/ID    ─▶ detect_objects ─▶ endpoint ─▶ results/ID.json, status DETECTING
                         └─▶ annotate_image ─▶ results/ID.png or .jpg, status DONE
    GET /results/ID ─▶ answer_request ─▶ what status/ID.json and results/ID.json say
    POST /detect, POST /classify ─▶ answer_request ─▶ endpoint ─▶ the answer

Three handlers share the other modules, so the folder is one zip file, and Pillow comes from a
layer. What fails for good, such as a file that is no photo, is FAILED at once; what may pass, such
as an endpoint that is not there, is tried again by Lambda and then goes to a queue.
"""
