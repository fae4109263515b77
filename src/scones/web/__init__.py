"""The web site: a photo goes in by a browser, and comes back with boxes and labels.

    browser ── POST /uploads/ ──▶ Django ── x-api-key ──▶ REST API: a form for S3
       │                            ▲                         │
       ├── the photo, by the form ──┼─────────▶ S3 ─▶ Lambda ─▶ detector ─▶ results
       └── GET /photos/ID/card ─────┘ asks the API for the result, and keeps it in its database

What passes through Django (classification; browsers without JavaScript) is checked by
`photos.intake`. The package imports nothing else of scones: the bundle for Elastic Beanstalk is
this folder. `environment` lists what it is told, `scones.site` starts and ships it.
"""
