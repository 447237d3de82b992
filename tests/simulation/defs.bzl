"""Simulations in which one source of the product is exchanged for a wrong one."""

load("@rules_cc//cc:defs.bzl", "cc_test")

def wrong_alternate_test(name, src, rule, deps):
    """Passes if the simulation finds that the wrong source breaks `rule`.

    The wrong source is linked before the libraries, all of them static, and defines everything that the right one does: so
    the linker never takes the right one (and refuses to link if the two do not define the same).

    Args:
      name: name of the test.
      src: the wrong source.
      rule: the number of the invariant that must be found broken (tests/simulation/violation.h).
      deps: what the wrong source includes.
    """
    cc_test(
        name = name,
        size = "medium",
        srcs = [
            "wrong_alternate_test.cc",
            src,
        ],
        args = ["--rule=%d" % rule],
        linkstatic = True,
        deps = [
            ":simulation",
            ":violation",
            "//third_party:absl",
            "//third_party:gtest",
        ] + deps,
    )
