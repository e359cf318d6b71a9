from __future__ import annotations

import contextlib
import copy
import json
import os
import zipfile
from pathlib import Path

import pytest

from pywakeword.errors import AddonError, PyWakewordError
from pywakeword.tts import Addon
from pywakeword.tts.addon import files
from pywakeword.tts.addon.manifest import parse_manifest

for module in ("onnx", "onnxruntime", "hypothesis"):
    pytest.importorskip(module, reason=f"{module} comes with the extra test")
from helpers import tiny_addon  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402


@pytest.fixture
def folder(tmp_path):
    return tiny_addon.write(tmp_path / "tiny", tiny_addon.manifest())


def spoil(folder: Path, place: list[str | int], value: object) -> Path:
    """Put a value into addon.json; `...` takes the field away."""
    document = json.loads((folder / "addon.json").read_text())
    node = document
    for step in place[:-1]:
        node = node[step]
    if value is ...:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    (folder / "addon.json").write_text(json.dumps(document))
    return folder


STACK = ["stack", "streamable_block", "stack"]
UP, DEC, VOC = {"type": "Upsampler"}, {"type": "Decoder"}, {"type": "Vocoder"}


@pytest.mark.parametrize(
    ("place", "value", "path", "message"),
    [
        (["format_version"], 2, "format_version", "this build reads 1"),
        (["stack"], ..., "stack", "is missing"),
        (["stack"], [], "stack", "must be an object"),
        (["sta"], {}, "sta", "not a field"),
        (["stack", "type"], "StreamableStack", "stack.stack", "is missing"),
        (["stack", "type"], "Encoders", "stack.type", "a streamable block is wanted"),
        (["stack", "sequence_block"], ..., "stack.sequence_block", "is missing"),
        (["stack", "sequence_block"], [DEC], "stack.sequence_block", "must be an object"),
        (
            ["stack", "sequence_block", "type"],
            "Decoder",
            "stack.sequence_block.type",
            "Decoder is a streamable block, a sequence block is wanted",
        ),
        (
            ["stack", "sequence_block", "type"],
            "os.system",
            "stack.sequence_block.type",
            "no block type 'os.system'; a sequence block: CustomizedEncoders, Encoders",
        ),
        (["stack", "sequence_block", "networks"], ["decoder"], "stack", "needs encoded, durations"),
        (
            ["stack", "sequence_block", "networks"],
            ["nix"],
            "stack.sequence_block.networks",
            "no network 'nix'",
        ),
        (["stack", "second_block"], {}, "stack.second_block", "not a field"),
        ([*STACK, 1], {"type": "Encoders"}, "stack.streamable_block.stack[1].type", "wanted here"),
        ([*STACK, 1], {"typ": "Decoder"}, "stack.streamable_block.stack[1].type", "is missing"),
        ([*STACK, 1], {"type": 5}, "stack.streamable_block.stack[1].type", "must be a string"),
        ([*STACK, 1, "network"], "nix", "stack.streamable_block.stack[1].network", "no network"),
        ([*STACK, 1, "piece_frames"], 0, "stack.streamable_block.stack[1].piece_frames", "from 1"),
        (
            [*STACK, 1, "piece_frames"],
            True,
            "stack.streamable_block.stack[1].piece_frames",
            "whole number",
        ),
        ([*STACK, 1, "color"], 0, "stack.streamable_block.stack[1].color", "not a field"),
        ([*STACK, 0, "stretch"], 0, "stack.streamable_block.stack[0]", "stretch must be"),
        (STACK, [DEC, VOC], "stack.streamable_block.stack[0]", "there is none"),
        (STACK, [UP, VOC], "stack.streamable_block.stack[1]", "its width is 9"),
        (STACK, [UP, DEC, UP], "stack.streamable_block.stack[2]", "must come first"),
        (
            STACK,
            [{"type": "StreamableStack", "stack": [UP, DEC, DEC]}],
            "stack.streamable_block.stack[0].stack[2]",
            "pulls frames of width 9",
        ),
        (STACK, [UP, DEC], "stack", "ends with frames of width 6"),
        (STACK, [], "stack.streamable_block", "at least one"),
        (STACK, "Decoder", "stack.streamable_block.stack", "list of objects"),
        (["networks", "decoder"], ..., "contexts.fixed.decoder", "not a network"),
        (
            ["networks", "decoder", "sha256"],
            "0" * 64,
            "networks.decoder.sha256",
            "the file's sha",
        ),
        (["networks", "decoder", "sha256"], "xyz", "networks.decoder.sha256", "hexadecimal"),
        (["networks", "decoder", "file"], "../decoder.onnx", "networks.decoder.file", "plain"),
        (["networks", "decoder", "file"], "nix.onnx", "networks.decoder.file", "cannot be read"),
        (
            ["networks", "decoder", "inputs", "x"],
            ["frames"],
            "networks.decoder.inputs",
            "the file has",
        ),
        (
            ["networks", "decoder", "outputs", "acoustic"],
            ["frames", 7],
            "networks.decoder.outputs.acoustic",
            "declared",
        ),
        (
            ["networks", "decoder", "outputs", "acoustic"],
            ["frames", -7],
            "networks.decoder.outputs.acoustic",
            "number or a name",
        ),
        (["networks", "decoder", "axis"], "text", "networks.decoder.axis", "no input begins"),
        (["networks", "decoder", "axis"], ..., "networks.decoder.reach", "needs an axis"),
        (["networks", "decoder", "reach"], ..., "stack.streamable_block.stack[1]", "no reach"),
        (["networks", "decoder", "reach"], [1], "networks.decoder.reach", "two numbers"),
        (["networks", "decoder", "reach"], [12, 12], "networks.decoder", "leaves none"),
        (["networks", "decoder", "color"], 1, "networks.decoder.color", "not a field"),
        (["networks"], {}, "networks", "1 to 32"),
        (["contexts", "fixed", "nix"], 7, "contexts.fixed.nix", "not a network"),
        (["contexts", "fixed", "decoder"], 0, "contexts.fixed.decoder", "from 1"),
        (["contexts", "dynamic"], {"decoder": 5}, "contexts.dynamic", "fixes nothing"),
        (["default_context"], "gpu", "default_context", "dynamic, fixed"),
        (["symbols"], ["a", "a"], "symbols", "different"),
        (["pause"], "x", "pause", "not among"),
        (["front_end"], "eval", "front_end", "FlitePhones"),
        (["acoustics", "n_bands"], 10, "stack.streamable_block.stack[2]", "n_bands = 10 needs 20"),
        (["acoustics", "n_bands"], ..., "acoustics.n_bands", "is missing"),
        (["acoustics", "color"], 1, "acoustics.color", "not a field"),
        (["acoustics", "reference_hz"], float("nan"), "acoustics.reference_hz", "finite"),
    ],
)
def test_each_fault_is_named_with_its_place(folder, place, value, path, message):
    context = "fixed" if path == "networks.decoder" else None
    with pytest.raises(AddonError) as caught:
        Addon.load(spoil(folder, place, value), context=context)
    assert caught.value.path == path
    assert message in caught.value.message


def test_context_that_is_not_there(folder):
    with pytest.raises(AddonError, match="no 'gpu'; there are: dynamic, fixed"):
        Addon.load(folder, context="gpu")


def test_addon_that_is_not_there(tmp_path):
    with pytest.raises(AddonError, match="neither a path nor bundled"):
        Addon.load("nobody")
    with pytest.raises(AddonError, match="No such file"):
        Addon.load(tmp_path / "nobody.zip")
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(AddonError, match="neither a folder nor a zip"):
        Addon.load(tmp_path / "text")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AddonError, match=r"addon\.json cannot be read"):
        Addon.load(tmp_path / "empty")


def test_damaged_network(folder):
    path = folder / "decoder.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AddonError, match=r"^networks\.decoder\.sha256"):
        Addon.load(folder)


def with_network(folder: Path, data: bytes) -> Path:
    """Another decoder, under its true digest."""
    (folder / "decoder.onnx").write_bytes(data)
    digest = __import__("hashlib").sha256(data).hexdigest()
    return spoil(folder, ["networks", "decoder", "sha256"], digest)


def test_file_that_is_no_network(folder):
    with pytest.raises(AddonError, match=r"^networks\.decoder\.file: ONNX Runtime refuses"):
        Addon.load(with_network(folder, b"MZ\x90"))


def test_network_with_weights_in_other_files(folder):
    import onnx

    model = onnx.load_from_string((folder / "decoder.onnx").read_bytes())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    data = model.SerializeToString()
    with pytest.raises(AddonError, match="weights in other files"):
        Addon.load(with_network(folder, data))
    # The same key, written with a longer form of its length.
    longer = data.replace(b"\n\x08location", b"\n\x88\x00location")
    assert longer != data
    with pytest.raises(AddonError, match="weights in other files"):
        Addon.load(with_network(folder, longer))


def test_links_are_not_followed(folder, tmp_path):
    (folder / "decoder.onnx").rename(tmp_path / "elsewhere")
    (folder / "decoder.onnx").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AddonError, match="not a regular file"):
        Addon.load(folder)


def test_pipe_does_not_block(folder):
    (folder / "decoder.onnx").unlink()
    os.mkfifo(folder / "decoder.onnx")
    with pytest.raises(AddonError, match="not a regular file"):
        Addon.load(folder)


def zip_of(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "name", ["../addon.json", "/etc/passwd", "a/b.onnx", "..", ".hidden", "c:\\x", "nul\u0301"]
)
def test_zip_with_members_that_are_no_plain_names(tmp_path, name):
    with pytest.raises(AddonError, match="not a plain file name"):
        Addon.load(zip_of(tmp_path / "a.zip", [(name, b"{}")]))


def test_zip_bombs_and_other_tricks(tmp_path, monkeypatch):
    bomb = zip_of(tmp_path / "a.zip", [("addon.json", b" " * (files.MAX_MANIFEST_BYTES + 1))])
    assert bomb.stat().st_size < 5000
    with pytest.raises(AddonError, match="more than 1048576 bytes"):
        Addon.load(bomb)
    many = zip_of(tmp_path / "b.zip", [(f"n{i}", b"") for i in range(65)])
    with pytest.raises(AddonError, match="65 members"):
        Addon.load(many)
    link = zipfile.ZipInfo("addon.json")
    link.external_attr = 0o120777 << 16
    with pytest.raises(AddonError, match="not a regular file"):
        Addon.load(zip_of(tmp_path / "c.zip", [(link, b"/etc/passwd")]))
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zip_of(tmp_path / "d.zip", [("addon.json", b"{}"), ("addon.json", b"{}")])
    with pytest.raises(AddonError, match="occurs twice"):
        Addon.load(twice)
    monkeypatch.setattr(files, "MAX_NETWORK_BYTES", 100)
    folder = tiny_addon.write(tmp_path / "tiny", tiny_addon.manifest())
    with pytest.raises(AddonError, match=r"^networks\.text_encoder\.file: .* more than 100 bytes"):
        Addon.load(tiny_addon.zipped(folder, tmp_path / "e.zip"))


def test_networks_share_one_budget(folder, monkeypatch):
    size = sum(file.stat().st_size for file in folder.iterdir())
    monkeypatch.setattr(files, "MAX_TOTAL_BYTES", size)
    Addon.load(folder)
    monkeypatch.setattr(files, "MAX_TOTAL_BYTES", size - 1)
    with pytest.raises(AddonError, match="more than"):
        Addon.load(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"a": 1, "a": 2}', "[" * 100_000, '{"format_version": 1e999}']
)
def test_text_that_is_no_manifest(text):
    with pytest.raises(AddonError):
        parse_manifest(text.encode())


def test_stack_nested_too_deep(folder):
    block: dict = {"type": "StreamableStack", "stack": [UP, DEC, VOC]}
    for _ in range(30):
        block = {"type": "StreamableStack", "stack": [block]}
    with pytest.raises(AddonError, match="nested more than 16 deep"):
        Addon.load(spoil(folder, STACK, [block]))


_SLOW = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 1 << 40) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@_SLOW
@given(st.binary(max_size=300))
def test_any_bytes_are_an_addon_error_or_a_manifest(data):
    with pytest.raises(AddonError):
        parse_manifest(data)


@_SLOW
@given(data=st.data())
def test_any_change_is_refused_by_a_typed_error_or_harmless(tmp_path, data):
    folder = tmp_path / "tiny"
    if not folder.exists():
        tiny_addon.write(folder, tiny_addon.manifest())
        (folder / "good.json").write_bytes((folder / "addon.json").read_bytes())
    document = json.loads((folder / "good.json").read_text())
    node, steps = document, []
    while isinstance(node, (dict, list)) and node and data.draw(st.integers(0, 4)):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        steps.append((node, data.draw(st.sampled_from(keys))))
        node = node[steps[-1][1]]
    if steps:
        parent, key = steps[-1]
        parent[key] = data.draw(_JSON | st.sampled_from([copy.deepcopy(document), node]))
    (folder / "addon.json").write_text(json.dumps(document))
    with contextlib.suppress(PyWakewordError):
        Addon.load(folder).open(["a", "pau"]).pull(100)


@_SLOW
@given(flip=st.integers(0, 1 << 20), byte=st.integers(0, 255))
def test_any_damage_to_a_zip_is_a_typed_error_or_harmless(tmp_path, flip, byte):
    path = tmp_path / "tiny.zip"
    if not path.exists():
        folder = tiny_addon.write(tmp_path / "tiny", tiny_addon.manifest())
        tiny_addon.zipped(folder, path)
    data = bytearray(path.read_bytes())
    data[flip % len(data)] = byte
    (tmp_path / "bad.zip").write_bytes(data[: len(data) - flip % 7])
    with contextlib.suppress(AddonError):
        Addon.load(tmp_path / "bad.zip")


def test_a_zip_of_many_members_is_refused_by_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(3000):
            archive.writestr(f"m{i}", b"")
    monkeypatch.setattr(zipfile, "ZipFile", None)  # it would read them all
    data = path.read_bytes()
    for changed in (data, _with_count(data, 1)):
        path.write_bytes(changed)
        with pytest.raises(AddonError, match="at most 64 and 65536 are read"):
            files.AddonFiles(path)


def _with_count(data: bytes, count: int) -> bytes:
    """Return the zip with a wrong number of members in its last record."""
    return data[:-14] + count.to_bytes(2, "little") * 2 + data[-10:]


def test_a_zip64_and_a_pipe_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("addon.json", b"{}")
    data = path.read_bytes()
    path.write_bytes(data[:-22] + b"PK\6\7" + bytes(16) + data[-22:])
    with pytest.raises(AddonError, match="zip64"):
        files.AddonFiles(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.zip")
        with pytest.raises(AddonError, match="nor a regular file"):
            files.AddonFiles(tmp_path / "pipe.zip")
