"""State changes of jobs and endpoints, as events on the account's default bus of EventBridge.

What flows in is every resource as the store keeps it; what flows out are "SageMaker ... State
Change" events, in the order of the changes::

    Store.save ──▶ StateChanges.note ──▶ outbox (SQLite) ──▶ StateChanges.run ──▶ PutEvents
                   a change of AWS's?    survives a restart   waits for a LocalStack that is away

Whoever saves a resource need not know of any of this.
"""
