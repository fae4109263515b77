"""S3 on disk, so that a restart forgets nothing.

What flows in are S3's changes, one at a time, each before it is acknowledged or told to anybody;
what flows out, at the next start, are the buckets and objects as they were::

    change ─▶ LocalStack's S3 ─▶ provider ─▶ documents ─▶ files      answered, events sent
                                                            │
    start  ◀─ LocalStack's S3 ◀── replay ◀── documents ◀────┘        no events

    provider    LocalStack's S3 provider, saving each change
    documents   buckets and objects as JSON, and back
    files       the folder on disk: atomic, and told apart from what is broken
    replay      the folder's content put back into LocalStack's S3

Of a versioned bucket the newest versions are kept. Parts of unfinished multipart uploads and the
configuration of buckets (policies, notifications, tags) are not: stacks bring that back.
"""
