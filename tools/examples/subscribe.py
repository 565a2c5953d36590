# SPDX-License-Identifier: Apache-2.0
# Every frame of every mat as it comes. Needs python3-zmq.
import json, sys, zmq

sub = zmq.Context().socket(zmq.SUB)
sub.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5571")
sub.subscribe("frame/")
while True:
    topic, header, cells = sub.recv_multipart()
    h = json.loads(header)
    frame = memoryview(cells).cast(dict(zip(["|u1", "<u2", "<i2", "<i4", "<u4", "<f4"], "BHhiIf"))[h["dtype"]])
    print(h["mat"], h["seq"], "peak", max(frame) * (h["scale"] or 1), h["unit"] if h["scale"] else "counts", flush=True)
