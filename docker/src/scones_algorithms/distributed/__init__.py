"""Training on several hosts: one worker a host, and MXNet's parameter servers between them.

    train on algo-1 (supervisor)  ◀──── line ────▶  train on algo-2 (supervisor)   ...
      ├── scheduler                                   ├── server
      ├── server                                      └── worker: rank 1
      └── worker: rank 0

    line         the hosts' roll call, and how they hear of one another's end
    supervisor   starts a host's processes; as soon as one of any host's dies, all end
    role         the program of a scheduler and of a server; ties a process to its supervisor
    exchange     in a worker: gradients summed or weights shared through MXNet's key-value store
    server_side  what an asynchronous server does with what workers send

A supervisor does not import MXNet, whose scheduler and servers wait for ever for a worker that is
gone. Each host has a server, so that the load on the network is spread evenly.
"""
