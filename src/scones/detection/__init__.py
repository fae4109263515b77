"""Pictures with boxes become the layout that object detection trains on, and that becomes a model.

    composer   a seed, cut-out vehicles, backgrounds ──▶ scenes with exact boxes
    voc, coco, builtin   a person's own annotated photos ──▶ scenes
    staging    scenes ──▶ train/, train_annotation/, validation/, ..., test/, detection.json
    upload     the staged scenes ──▶ S3, in the same layout

A box is in pixels from the picture's upper left corner. Classes are names here; a class_id is an
index into the `[detector] classes` of the settings, in their order.
"""
