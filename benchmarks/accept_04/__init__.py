"""The model server under everything at once: load, reloads, kills, rude clients, a full disk, no writer.

    python -m benchmarks.accept_04 --minutes 30      # make accept-04
    python -m benchmarks.accept_04 --minutes 1.2     # one short round: the form of the tests

The server and the writer are processes as a hospital runs them, under a supervisor that starts again what
ended. Every answer is compared with what the bare predictor of the version it names says; every answered
prediction must afterwards be one event of the feature store. Exit code 1 where a bound is not met.

    material    the pictures, and bodies that no server should like
    models      packages, registry, dual encoder and index; what each version answers, computed beforehand
    processes   server, writer and supervisor
    disk        a small disk that can be filled
    plan        which fault reigns when, and which errors it excuses
    load        proper clients
    rude        slow, broken and greedy clients
    faults      what is done to the processes
    checks      is a 200 right
    ledger      what was asked and what came
    watch       memory, descriptors and threads of the server
    reconcile   the feature store against the ledger
    verdict     bounds, and the summary
"""
