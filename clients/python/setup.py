"""Adds to pyproject.toml what it cannot say: the stubs are made of ../../proto when the package is built."""

import pathlib
import sys

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from assemble import generate_stubs  # noqa: E402  pylint: disable=wrong-import-position


class BuildWithStubs(build_py):
    """The sources, and the stubs beside them in the build directory."""

    def run(self):
        super().run()
        generate_stubs(self.build_lib)


setup(cmdclass={"build_py": BuildWithStubs})
