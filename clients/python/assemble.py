#!/usr/bin/env python3
"""Puts the package together: the sources beside this file, and the stubs that protoc makes of ../../proto.

  assemble.py DIRECTORY    makes an importable DIRECTORY/genledger (and google/api and google/rpc, unless they are installed)

Needs protoc and grpc_python_plugin (Debian: protobuf-compiler-grpc) and the protos of google/api and google/rpc (Debian:
golang-github-gogo-googleapis-dev; elsewhere name their root in GOOGLEAPIS). setup.py and the tests do the same.
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = HERE.parents[1] / "proto"
GOOGLEAPIS = pathlib.Path(os.environ.get("GOOGLEAPIS", "/usr/share/gocode/src/github.com/gogo/googleapis"))
GOOGLE_PROTOS = ("google/api/annotations.proto", "google/api/http.proto", "google/rpc/code.proto",
                 "google/rpc/error_details.proto", "google/rpc/status.proto")


def _protoc(destination, protos, services):
    command = ["protoc", f"-I{PROTOS}", f"-I{GOOGLEAPIS}", f"--python_out={destination}", f"--pyi_out={destination}"]
    if services:
        command += [f"--grpc_out={destination}", f"--plugin=protoc-gen-grpc={shutil.which('grpc_python_plugin')}"]
    subprocess.run([*command, *protos], check=True)


def generate_stubs(destination):
    """Writes genledger/v1/*_pb2*.py under `destination`."""
    protos = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.glob("genledger/v1/*.proto"))
    _protoc(destination, protos, services=True)


def generate_google_protos(destination):
    """Writes google/api/*_pb2.py and google/rpc/*_pb2.py under `destination`, for places without googleapis-common-protos."""
    _protoc(destination, GOOGLE_PROTOS, services=False)


def _has_google_protos():
    try:
        # pylint: disable=import-outside-toplevel,unused-import
        import google.api.annotations_pb2
        import google.rpc.error_details_pb2
    except ImportError:
        return False
    return True


def assemble(destination):
    """Makes `destination` a directory for PYTHONPATH. It is created if it is missing."""
    destination = pathlib.Path(destination)
    destination.mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE / "genledger", destination / "genledger", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__"))
    generate_stubs(destination)
    if not _has_google_protos():
        generate_google_protos(destination)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    assemble(sys.argv[1])
