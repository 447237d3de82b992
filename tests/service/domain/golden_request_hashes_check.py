#!/usr/bin/env python3
"""Checks golden_request_hashes.json against the byte-by-byte description in
service/domain/spec_encoding.h, without any of the C++.

  golden_request_hashes_check.py            exits 1 and says which vector differs
  golden_request_hashes_check.py --write    fills "encoding" and "request_hash" from "canonical"

"--write" is for new vectors only: a hash that has been released never changes.
"""

import hashlib
import json
import pathlib
import struct
import sys

FILE = pathlib.Path(__file__).with_name("golden_request_hashes.json")
TAG = b"GLv1"


def text_bytes(value):
    """A JSON string, or {"hex": ...} for bytes that JSON cannot hold."""
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode("utf-8")


def text(value):
    data = text_bytes(value)
    return struct.pack(">I", len(data)) + data


def optional(value, encode):
    return b"\x00" if value is None else b"\x01" + encode(value)


def encode(spec, variation):
    number = lambda value: struct.pack(">i", value)
    flag = lambda value: b"\x01" if value else b"\x00"
    image_urls = spec.get("image_urls", [])
    return b"".join(
        [
            TAG,
            optional(spec.get("model"), text),
            optional(spec.get("prompt"), text),
            optional(spec.get("duration"), number),
            optional(spec.get("aspect_ratio"), text),
            optional(spec.get("generation_type"), text),
            struct.pack(">I", len(image_urls)),
            b"".join(text(url) for url in image_urls),
            optional(spec.get("resolution"), text),
            optional(spec.get("enable_gif"), flag),
            optional(spec.get("official_fallback"), flag),
            text(variation),
        ]
    )


def check_pairs(vectors):
    """Equal hashes exactly where the vectors say so ("same_as")."""
    faults = []
    by_name = {vector["name"]: vector for vector in vectors}
    first_of_hash = {}
    for vector in vectors:
        first = first_of_hash.setdefault(vector.get("request_hash"), vector["name"])
        wanted = vector.get("same_as", vector["name"])
        if first != wanted or wanted not in by_name:
            faults.append(f"{vector['name']}: same hash as {first}, expected {wanted}")
    return faults


def main():
    document = json.loads(FILE.read_text(encoding="utf-8"))
    faults = []
    for vector in document["vectors"]:
        encoding = encode(vector["canonical"], vector["variation"])
        expected = {"encoding": encoding.hex(), "request_hash": hashlib.sha256(encoding).hexdigest()}
        if "--write" in sys.argv[1:]:
            vector.update(expected)
        for key, value in expected.items():
            if vector.get(key) != value:
                faults.append(f"{vector['name']}: {key} is not {value}")
    faults += check_pairs(document["vectors"])
    if "--write" in sys.argv[1:]:
        FILE.write_text(json.dumps(document, ensure_ascii=True, indent=2) + "\n", encoding="utf-8")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(document['vectors'])} golden vectors, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
