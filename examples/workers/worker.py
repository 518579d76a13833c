"""A worker of urocket in Python, with the standard library alone: serve() speaks the protocol of docs/worker.md."""

import collections
import json
import re
import socket
import struct
import traceback


def serve(handler):
    """Calls handler(head, body) for each request: the frame's header as a dict, its body as bytes.

    It returns (status, headers, body). An exception is reported to urocket, which logs it and answers 500.
    """
    stream = socket.socket(fileno=3).makefile("rwb")

    def write(head, body=b""):
        head = json.dumps(head).encode()
        stream.write(struct.pack(">II", len(head), len(body)) + head + body)
        stream.flush()

    write({"v": 1, "ready": True})
    while len(lengths := stream.read(8)) == 8:
        head_size, body_size = struct.unpack(">II", lengths)
        head = json.loads(stream.read(head_size))
        body = stream.read(body_size)
        try:
            status, headers, answer = handler(head, body)
        except Exception:
            write({"id": head["id"], "error": traceback.format_exc()})
            continue
        write({"id": head["id"], "status": status, "headers": headers}, answer)


def words(head, body):
    """How often each word stands in a text."""
    count = collections.Counter(re.findall(r"\w+", body.decode().lower()))
    return 200, {"Content-Type": "application/json"}, json.dumps(dict(count.most_common())).encode()


if __name__ == "__main__":
    serve(words)
