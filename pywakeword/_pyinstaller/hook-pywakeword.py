"""PyInstaller's hook: the bundled models, and modules that are imported by name at run time."""

from importlib.util import find_spec

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

# Extras of programs that listen and speak. Training, plots and the verifier's server are no
# parts of a frozen program; name what you need of them with --hidden-import.
_EXTRAS = (
    "cffi",
    "httpx",
    "onnxruntime",
    "sounddevice",
    "soundfile",
    "soxr",
    "wyoming",
    "zeroconf",
)
_LEFT_OUT = ("pywakeword._pyinstaller", "pywakeword.training", "pywakeword.verifier.server")
_HASHES = ("_sha2", "_sha256")  # of pywakeword.models.digest; the name depends on Python


def _is_wanted(module: str) -> bool:
    return not module.startswith(_LEFT_OUT)


datas = collect_data_files("pywakeword.bundled")
hiddenimports = [
    *collect_submodules("pywakeword", filter=_is_wanted),
    *(name for name in (*_EXTRAS, *_HASHES) if find_spec(name) is not None),
]
