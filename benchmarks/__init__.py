"""One program per claim: peer and product on the same work in one run, a JSON line with the ratio last."""
