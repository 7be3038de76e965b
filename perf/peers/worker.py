"""Times one eager sequence on request: `worker.py NAME SIZE… --threads N [--tuned]`.

Speaks lines, so that its rounds can alternate with those of the caller: says `ready VERSION`, then answers each line
`COUNT` with the seconds that COUNT runs took; ends with its input.
"""

import argparse
import sys
import time

import torch

import eager

arguments = argparse.ArgumentParser()
arguments.add_argument("name")
arguments.add_argument("sizes", nargs="*", type=int)
arguments.add_argument("--threads", type=int, required=True)
arguments.add_argument("--tuned", action="store_true")
options = arguments.parse_args()

torch.set_num_threads(options.threads)
if options.tuned:
    torch.set_flush_denormal(True)

run = getattr(eager, options.name)(*options.sizes)
run()
print("ready", torch.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        run()
    print(repr(time.perf_counter() - start), flush=True)
