"""Makes a release of binaries that are built: for each architecture the functions' zips with a template that takes them, and
the command; then checksums and a list of what is inside (CycloneDX). The same binaries make the same bytes.

    python3 .ci/dist.py OUT ARCHITECTURE=FOLDER…

ARCHITECTURE is arm64 or x86_64. FOLDER has the binaries `producer`, `consumer` and `transform`, and `kinflow` where the
command is released for it."""

import hashlib
import json
import pathlib
import re
import stat
import subprocess
import sys
import tarfile
import uuid
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTIONS = ("producer", "consumer", "transform")
MACHINES = {"arm64": 183, "x86_64": 62}  # e_machine of the ELF header
EPOCH = (1980, 1, 1, 0, 0, 0)


def machine(binary):
    """The architecture that an ELF file is for; anything else is no binary of a function."""
    header = binary[:20]
    if header[:4] != b"\x7fELF":
        raise SystemExit("a binary is no ELF file: functions run on Linux")
    found = int.from_bytes(header[18:20], "little")
    return next((name for name, number in MACHINES.items() if number == found), f"machine {found}")


def read(folder, name, architecture):
    path = folder / name
    if path.is_dir():  # as cargo-lambda has it
        path = path / "bootstrap"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; build it first (just dist)")
    binary = path.read_bytes()
    if machine(binary) != architecture:
        raise SystemExit(f"{path} is for {machine(binary)}, expected {architecture}")
    return binary


def write_zip(path, binary):
    """A function's package: one executable `bootstrap`, at the same time in every release."""
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.external_attr = (stat.S_IFREG | 0o755) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(entry, binary, compresslevel=9)


def write_command(path, binary):
    def plain(entry):
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = 0, 0, 0, "", "", 0o755
        return entry

    staged = path.with_suffix(".staged")
    staged.write_bytes(binary)
    with tarfile.open(path, "w:xz", preset=6) as archive:
        archive.add(staged, "kinflow", filter=plain)
    staged.unlink()


def template(text, architecture):
    """The template with zips beside it in place of folders of code, and nothing for `sam build` to do."""
    text, functions = re.subn(r"CodeUri: \.\./functions/(\w+)", r"CodeUri: ../\1.zip", text)
    text, builds = re.subn(r"\n +BuildMethod: .*\n +BuildProperties: .*", "", text)
    if functions != builds:
        raise SystemExit(f"{functions} functions have a folder of code, and {builds} a build")
    return re.sub(r"(  Architecture:\n    Type: String\n    Default: )\w+", rf"\g<1>{architecture}", text)


def templates(out, architecture):
    for path in [ROOT / "template.yaml", *sorted((ROOT / "pipelines").glob("*.yaml"))]:
        to = out / path.relative_to(ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(template(path.read_text(), architecture))


def components():
    """Every package that is in a binary, by the resolved graph without dev-dependencies."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    ours = [key for key, package in packages.items() if package["name"] in (*FUNCTIONS, "kinflow") and package["source"] is None]
    seen, ahead = set(), list(ours)
    while ahead:
        key = ahead.pop()
        if key in seen:
            continue
        seen.add(key)
        for edge in nodes[key]["deps"]:
            if any(kind["kind"] != "dev" for kind in edge["dep_kinds"]):
                ahead.append(edge["pkg"])
    return sorted((packages[key] for key in seen), key=lambda package: (package["name"], package["version"]))


def sbom(version):
    """CycloneDX 1.5: https://cyclonedx.org/docs/1.5/json/"""
    listed = []
    for package in components():
        url = f"pkg:cargo/{package['name']}@{package['version']}"
        component = {"type": "library", "name": package["name"], "version": package["version"], "bom-ref": url, "purl": url}
        if package["license"]:
            component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        listed.append(component)
    names = "\n".join(component["purl"] for component in listed)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, names)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "kinflow", "version": version}},
        "components": listed,
    }


def main(out, builds):
    out = pathlib.Path(out)
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} is not empty")
    version = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
    for build in builds:
        architecture, _, folder = build.partition("=")
        if architecture not in MACHINES or not folder:
            raise SystemExit(f"found {build!r}, expected arm64=FOLDER or x86_64=FOLDER")
        folder, to = pathlib.Path(folder), out / architecture
        to.mkdir(parents=True)
        for name in FUNCTIONS:
            write_zip(to / f"{name}.zip", read(folder, name, architecture))
        templates(to, architecture)
        if (folder / "kinflow").is_file():
            write_command(out / f"kinflow-{version}-{architecture}-linux.tar.xz", read(folder, "kinflow", architecture))
    (out / "sbom.cdx.json").write_text(json.dumps(sbom(version), indent=1) + "\n")
    files = sorted(path for path in out.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out)}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums))
    print("".join(sums), end="")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2:])
