"""Builds the extension by running CMake; all metadata lives in pyproject.toml."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent.resolve()

# The commands that compile. Metadata and source archives need no compiler.
BUILD_COMMANDS = {"bdist_wheel", "build", "build_ext", "develop", "editable_wheel", "install"}
# What CMake looks for on Linux and macOS.
COMPILERS = ("c++", "g++", "clang++", "icpx")
COMPILER_PACKAGES = {
    "darwin": "the command line tools of Xcode (xcode-select --install)",
    "win32": "LLVM (winget install LLVM.LLVM), and Visual Studio's build tools for C++",
}


def missing_compiler(platform: str, environment: Mapping[str, str]) -> Optional[str]:
    """Return one line that says what to install, or None if CMake will find a compiler."""
    choices = ("CMAKE_CXX_COMPILER", "CMAKE_TOOLCHAIN_FILE")
    arguments = environment.get("CMAKE_ARGS", "")
    if "CMAKE_TOOLCHAIN_FILE" in environment or any(name in arguments for name in choices):
        return None
    path = environment.get("PATH")
    named = shlex.split(environment.get("CXX", ""), posix=platform != "win32")[:1]
    if named:
        found = shutil.which(named[0], path=path)
        return None if found else f"pywakeword: CXX names {named[0]}, which was not found"
    names = ("clang-cl",) if platform == "win32" else COMPILERS
    if any(shutil.which(name, path=path) for name in names):
        return None
    package = COMPILER_PACKAGES.get(platform, "g++ (Debian, Ubuntu: sudo apt install g++)")
    return f"pywakeword: no C++ compiler was found; install {package}"


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
                # CMake's cache names programs of pip's build environment, which pip
                # deletes after each build.
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
                # With slashes: to CMake a backslash begins an escape sequence.
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
    # Before setuptools prints the hundreds of files that it copies.
    if BUILD_COMMANDS.intersection(sys.argv):
        reason = missing_compiler(sys.platform, os.environ)
        if reason is not None:
            sys.exit(reason)
    setup(
        ext_modules=[Extension("pywakeword._core", sources=[])],
        cmdclass={"build_ext": CMakeBuild},
    )
