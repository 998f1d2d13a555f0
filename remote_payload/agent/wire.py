# Shared head of every agent program, behind `first`; it travels inside a command line, so it stays
# short.
# After the hello line, both directions carry frames: one kind byte, a 4-byte big-endian size,
# and that many bytes. J frames are zlib-compressed JSON, all others are raw bytes.
import json
import os
import struct
import sys
import zlib

_source = sys.stdin.buffer
_sink = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # a stray print can no longer land inside the protocol


def hello(nonce):
    _sink.write(b"\n@@BSK1 " + nonce.encode() + b"\n")
    _sink.flush()


def send(kind, body=b""):
    _sink.write(kind + struct.pack(">I", len(body)) + body)
    _sink.flush()


def send_json(value):
    send(b"J", zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1))


def read(size):
    data = _source.read(size)
    if len(data) != size:
        raise EOFError("the stream ended early")
    return data


def receive():
    kind, size = struct.unpack(">cI", read(5))
    return kind, read(size)


def receive_json():
    kind, body = receive()
    if kind != b"J":
        raise ValueError("expected a J frame, got %r" % kind)
    return json.loads(zlib.decompress(body))
