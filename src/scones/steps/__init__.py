"""The steps of the workflow, each of which can be run by itself and safely run again.

    services ─▶ data ─▶ infrastructure ─▶ model ─▶ inference ─▶ captures

A step takes a `Project`, checks what it needs before it changes anything, and leaves its result
where the next one looks. The commands call them one by one; `scones.demo` calls them all.
"""
