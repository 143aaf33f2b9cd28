"""What the benchmark of the model server needs: a package, a bare engine, peers, arrivals."""
