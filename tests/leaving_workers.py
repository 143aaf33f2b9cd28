"""What one worker of a test does: joins, learns a step and leaves, again and again."""

from __future__ import annotations

import sys
import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from training.team import leave_team


def main() -> None:
    store_file, rank, starts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    store = dist.FileStore(store_file, 2)
    for start in range(starts):
        dist.init_process_group("gloo", store=dist.PrefixStore(str(start), store), rank=rank, world_size=2)
        model = DistributedDataParallel(nn.Linear(4, 4))
        model(torch.ones(2, 4)).sum().backward()
        loss = torch.ones(())
        dist.all_reduce(loss)
        if rank == 0:
            time.sleep(0.002)  # the other waits, as for the one that writes the package
        dist.barrier()
        leave_team()
        del model  # the reducer of DDP is now the last of ours that knows the group


if __name__ == "__main__":
    main()
