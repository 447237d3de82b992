"""Protobuf and gRPC code from Debian's protoc and grpc_cpp_plugin."""

load("@rules_cc//cc:defs.bzl", "cc_library")

# Where Debian's golang-github-gogo-googleapis-dev keeps google/rpc and google/api.
GOOGLEAPIS = "/usr/share/gocode/src/github.com/gogo/googleapis"

_NO_WARNINGS = ["-w"]

def cc_grpc_library(name, srcs, deps = [], proto_deps = [], grpc = False, visibility = None):
    """Generates and compiles the C++ messages (and, with grpc, the services) of some .proto files.

    Args:
      name: the cc_library.
      srcs: .proto files, addressed from this package's directory as import root.
      deps: the cc_grpc_library targets of imported files.
      proto_deps: the .proto files that srcs import from this workspace.
      grpc: whether to run the gRPC plugin as well.
      visibility: of the cc_library.
    """
    stems = [src[:-len(".proto")] for src in srcs]
    hdrs = [stem + ".pb.h" for stem in stems]
    ccs = [stem + ".pb.cc" for stem in stems]
    plugin = ""
    if grpc:
        hdrs += [stem + ".grpc.pb.h" for stem in stems]
        ccs += [stem + ".grpc.pb.cc" for stem in stems]
        plugin = " --grpc_out=$(RULEDIR) --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin"
    native.genrule(
        name = name + "_gen",
        srcs = srcs + proto_deps,
        outs = hdrs + ccs,
        cmd = "/usr/bin/protoc -I{root} -I{googleapis} --cpp_out=$(RULEDIR){plugin} {srcs}".format(
            root = native.package_name(),
            googleapis = GOOGLEAPIS,
            plugin = plugin,
            srcs = " ".join([native.package_name() + "/" + src for src in srcs]),
        ),
    )
    cc_library(
        name = name,
        srcs = ccs,
        hdrs = hdrs,
        copts = _NO_WARNINGS,
        strip_include_prefix = "/" + native.package_name(),
        visibility = visibility,
        deps = deps + ["//third_party:grpc" if grpc else "//third_party:protobuf"],
    )

def googleapis_cc_library(name, protos, deps = [], visibility = None):
    """Generates and compiles messages of googleapis that Debian ships as .proto only.

    Args:
      name: the cc_library.
      protos: paths below GOOGLEAPIS.
      deps: the libraries of imported files.
      visibility: of the cc_library.
    """
    stems = [proto[:-len(".proto")] for proto in protos]
    hdrs = [stem + ".pb.h" for stem in stems]
    ccs = [stem + ".pb.cc" for stem in stems]
    native.genrule(
        name = name + "_gen",
        outs = hdrs + ccs,
        cmd = "/usr/bin/protoc -I{root} --cpp_out=$(RULEDIR) {protos}".format(
            root = GOOGLEAPIS,
            protos = " ".join(protos),
        ),
    )
    cc_library(
        name = name,
        srcs = ccs,
        hdrs = hdrs,
        copts = _NO_WARNINGS,
        strip_include_prefix = "/" + native.package_name(),
        visibility = visibility,
        deps = deps + ["//third_party:protobuf"],
    )
