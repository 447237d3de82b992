"""The fuzzers: programs that only `bazel build --config=fuzz` can link."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

def fuzzer(name):
    """A libFuzzer program of one entry function.

    Args:
      name: of its corpus; the program is NAME_fuzzer, its source NAME_fuzzer.cc.
    """
    cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = [name + "_fuzzer.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":fuzz_targets"],
    )
