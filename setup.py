"""Builds the extension by running CMake; all metadata lives in pyproject.toml."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent.resolve()


def compiler_arguments(platform: str, environment: Mapping[str, str]) -> list[str]:
    """Return clang-cl on Windows, where CMake would find cl.exe, unless a compiler is set."""
    if platform != "win32" or "CMAKE_CXX_COMPILER" in environment.get("CMAKE_ARGS", ""):
        return []
    return [] if environment.get("CXX") else ["-DCMAKE_CXX_COMPILER=clang-cl"]


class CMakeBuild(build_ext):
    def build_extension(self, ext: Extension) -> None:
        # Imported here: pip provides pybind11 only inside the build environment.
        import pybind11

        target = Path(self.get_ext_fullpath(ext.name)).resolve()
        build_dir = Path(self.build_temp).resolve() / "cmake"
        subprocess.run(
            [
                "cmake",
                # pip's build environment is gone after each build, and with it the
                # programs that CMake's cache names.
                "--fresh",
                "-S",
                str(ROOT),
                "-B",
                str(build_dir),
                "-G",
                "Ninja",
                "-DCMAKE_BUILD_TYPE=Release",
                "-DPWW_PYTHON=ON",
                "-DPWW_TESTS=OFF",
                f"-DPWW_VERSION={self.distribution.get_version()}",
                # With slashes: CMake takes a backslash for the beginning of an escape.
                f"-DPython_EXECUTABLE={Path(sys.executable).as_posix()}",
                f"-Dpybind11_DIR={Path(pybind11.get_cmake_dir()).as_posix()}",
                f"-DPWW_EXTENSION_DIR={target.parent.as_posix()}",
                f"-DPWW_EXTENSION_NAME={target.name}",
                *compiler_arguments(sys.platform, os.environ),
                *os.environ.get("CMAKE_ARGS", "").split(),
            ],
            check=True,
        )
        subprocess.run(["cmake", "--build", str(build_dir), "--target", "_core"], check=True)


if __name__ == "__main__":
    setup(
        ext_modules=[Extension("pywakeword._core", sources=[])],
        cmdclass={"build_ext": CMakeBuild},
    )
